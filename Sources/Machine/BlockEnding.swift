internal import DeviceModel
internal import PCIBus
internal import Virtio

/// How a request to a disk ended.
struct BlockEnding {
  let request: BlockRequest
  /// What is an I/O error for the guest, in words for the user; nil if all went well.
  let flaw: String?

  /// All went well.
  static func good(_ requests: [BlockRequest]) -> [BlockEnding] { requests.map { BlockEnding(request: $0, flaw: nil) } }
}

extension FunctionSlot<VirtioPCI<VirtioBlock>> {
  /// The guest hears of what is done.
  func tell(_ endings: [BlockEnding]) {
    guard !endings.isEmpty else { return }
    access { device, cycle in
      device.complete(endings.map { BlockAnswer(to: $0.request, isGood: $0.flaw == nil) }, &cycle)
      for flaw in endings.compactMap(\.flaw) { cycle.effects.append(.complaint(flaw)) }
    }
  }
}
