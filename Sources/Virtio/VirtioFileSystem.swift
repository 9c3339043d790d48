public import DeviceModel
import Primitives

/// A virtio file system (virtio 1.2, 5.11) without the files: it hands on the messages of the guest's driver, which are
/// FUSE's, and is told when they are answered.
public struct VirtioFileSystem: VirtioFunction {
  public static let deviceID: UInt16 = 26
  public static let pciClass: UInt32 = 0x01_8000
  /// The most messages that may wait for their answer.
  static let maximumInFlight = 256
  private static let tagSize = 36

  /// Where the answer to a message in flight goes.
  struct Pending: Sendable {
    let queue: Int
    let head: UInt16
  }

  private let tag: [UInt8]
  var inFlight = InFlight<Pending>(limit: maximumInFlight)

  /// - Parameter tag: the name by which the guest mounts it, up to 36 bytes.
  public init(tag: String) {
    let name = Array(tag.utf8.prefix(Self.tagSize))
    self.tag = name + Array(repeating: 0, count: Self.tagSize - name.count)
  }

  /// One for messages that overtake others, one for the rest.
  public var queueCount: Int { 2 }
  public var features: UInt64 { 0 }

  public var configuration: [UInt8] {
    var bytes = tag
    bytes.append(littleEndian: UInt32(queueCount - 1))
    return bytes
  }

  /// The worker does the work.
  public mutating func service(
    queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) -> Bool {
    cycle.changes.insert(.work)
    return false
  }

  public mutating func reset() {}
  public var isIdle: Bool { inFlight.isEmpty }

  mutating func next(from queues: inout [Queue], _ memory: any RingMemory) throws(QueueError) -> FileRequest? {
    guard !inFlight.isFull else { return nil }
    for index in queues.indices {
      guard let chain = try queues[index].pop(from: memory) else { continue }
      return FileRequest(token: inFlight.add(Pending(queue: index, head: chain.head)), chain: chain)
    }
    return nil
  }
}

extension VirtioPCI where F == VirtioFileSystem {
  /// The next message to answer; nil if there is none, or too many are in flight.
  public mutating func next(_ cycle: inout Cycle) -> FileRequest? {
    let request = work(&cycle) { files, queues, memory, _ throws(QueueError) in try files.next(from: &queues, memory) }
    return request ?? nil
  }

  /// A message is answered with so many bytes. Of one from before a reset, nobody hears.
  public mutating func complete(_ token: UInt64, written: Int, _ cycle: inout Cycle) {
    guard let pending = function.inFlight.remove(token) else { return }
    finishReset()
    work(&cycle) { _, queues, memory, _ throws(QueueError) in
      try queues[pending.queue].push(pending.head, written: written, to: memory)
    }
  }
}
