import DeviceModel
import Virtio

/// The simplest device with a queue: it fills what it is given with one byte.
struct Filler: VirtioFunction {
  static let deviceID: UInt16 = 4
  static let pciClass: UInt32 = 0xFF_0000
  /// The most bytes of one request.
  private static let limit = 64 << 10
  /// The most requests of one visit.
  private static let visit = 16

  var byte: UInt8 = 0x5A
  var queueCount: Int { 1 }
  var features: UInt64 { 0 }
  var configuration: [UInt8] { [] }

  mutating func service(queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle) throws(QueueError) -> Bool {
    for _ in 0..<Self.visit {
      guard let chain = try queues[index].pop(from: memory) else { return false }
      let bytes = [UInt8](repeating: byte, count: min(chain.writableCount, Self.limit))
      try queues[index].push(chain.head, written: chain.write(bytes, to: memory), to: memory)
    }
    return true
  }

  mutating func reset() {}
}
