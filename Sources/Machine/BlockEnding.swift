internal import DeviceModel
internal import Host
internal import PCIBus
internal import Virtio

/// How a request to a disk ended.
struct BlockEnding {
  let request: BlockRequest
  /// What is an I/O error for the guest, in words for the user; nil if all went well.
  let flaw: String?

  static func failed(_ request: BlockRequest, of disk: DiskFile, _ why: String) -> BlockEnding {
    BlockEnding(request: request, flaw: "\(disk.path): \(why); the guest sees an I/O error")
  }

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
