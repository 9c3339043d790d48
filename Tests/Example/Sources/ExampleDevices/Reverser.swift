import DeviceModel
import Virtio

/// A function of PCI with a queue and MSI-X: it gives back what it was sent, from the last byte to the first.
public struct Reverser: VirtioFunction {
  public static let deviceID: UInt16 = 0x2A
  public static let pciClass: UInt32 = 0xFF_0000

  /// The most that it turns around at once.
  static let limit = 4096

  public init() {}

  public var queueCount: Int { 1 }
  public var features: UInt64 { 0 }
  public var configuration: [UInt8] { [] }

  public mutating func service(
    queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) -> Bool {
    for _ in 0..<queues[index].size {
      guard let chain = try queues[index].pop(from: memory) else { return false }
      let bytes = try chain.bytes(upTo: Self.limit, from: memory)
      let written = try chain.write(bytes.reversed(), to: memory)
      try queues[index].push(chain.head, written: written, to: memory)
    }
    return true
  }

  public mutating func reset() {}
}
