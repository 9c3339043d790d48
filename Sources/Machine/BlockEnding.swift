internal import DeviceModel
internal import Host
internal import PCIBus
internal import Virtio

/// How a request to a disk ended.
struct BlockEnding {
  let answer: BlockAnswer
  /// What is an I/O error for the guest, in words for the user; nil if all went well.
  let flaw: String?

  static func failed(_ request: BlockRequest, of disk: DiskFile, _ why: String) -> BlockEnding {
    BlockEnding(answer: BlockAnswer(to: request, isGood: false), flaw: "\(disk.path): \(why); the guest sees an I/O error")
  }

  /// All went well.
  static func good(_ request: BlockRequest) -> BlockEnding { BlockEnding(answer: BlockAnswer(to: request, isGood: true), flaw: nil) }
}

extension FunctionSlot<VirtioPCI<VirtioBlock>> {
  /// The guest hears of what is done.
  func tell(_ endings: [BlockEnding]) {
    guard !endings.isEmpty else { return }
    access { device, cycle in
      device.complete(endings.map(\.answer), &cycle)
      for flaw in endings.compactMap(\.flaw) { cycle.effects.append(.complaint(flaw)) }
    }
  }
}
