public import DeviceModel

/// A virtio console with one port (virtio 1.2, 5.3).
public struct VirtioConsole: VirtioFunction {
  public static let deviceID: UInt16 = 3
  public static let pciClass: UInt32 = 0x07_8000

  static let receiveQueue = 0
  static let transmitQueue = 1
  /// The most output that waits for its reader; what comes on top is lost, not waited for.
  public static let outputLimit = 64 << 10

  private var output: [UInt8] = []

  public init() {}

  public var queueCount: Int { 2 }
  public var features: UInt64 { 0 }
  public var configuration: [UInt8] { [] }

  /// Takes output. Either queue wakes the machine: there is something to drain, or room for input.
  public mutating func service(
    queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) -> Bool {
    cycle.changes.insert(.work)
    guard index == Self.transmitQueue else { return false }
    var lost = 0
    defer { if lost > 0 { cycle.effects.append(.complaint("\(lost) bytes of output were lost: they came faster than they could be read")) } }
    for _ in 0..<queues[index].size {
      guard let chain = try queues[index].pop(from: memory) else { return false }
      let bytes = try chain.bytes(upTo: Self.outputLimit - output.count, from: memory)
      output += bytes
      lost += chain.readableCount - bytes.count
      try queues[index].push(chain.head, written: 0, to: memory)
    }
    return true
  }

  /// Output that the driver sent stays to be read, whatever becomes of the driver.
  public mutating func reset() {}

  mutating func drain() -> [UInt8] {
    defer { output = [] }
    return output
  }
}

extension VirtioPCI where F == VirtioConsole {
  /// Everything that the driver sent since the last call.
  public mutating func drain() -> [UInt8] { function.drain() }

  /// Offers input to the driver; returns how many bytes it took. The rest must be offered again after the next wake.
  public mutating func receive(_ bytes: [UInt8], _ cycle: inout Cycle) -> Int {
    let taken = work(&cycle) { _, queues, memory, _ throws(QueueError) in
      try queues[VirtioConsole.receiveQueue].fill(with: bytes, memory)
    }
    return taken ?? 0
  }
}
