public import DeviceModel

/// A virtio source of random bytes (virtio 1.2, 5.4).
public struct VirtioEntropy: VirtioFunction {
  public static let deviceID: UInt16 = 4
  public static let pciClass: UInt32 = 0xFF_0000
  public static let queueCount = 1

  /// The most bytes that one request gets, whatever it asks for.
  public static let maximumRequest = 64 << 10
  /// The most requests of one visit, so that others get the processor.
  static let requestsPerVisit = 16

  private let generate: @Sendable (Int) -> [UInt8]

  /// `generate` returns up to that many random bytes.
  public init(generate: @escaping @Sendable (Int) -> [UInt8]) { self.generate = generate }

  public var features: UInt64 { 0 }
  public var configuration: [UInt8] { [] }

  public mutating func service(
    queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) -> Bool {
    for _ in 0..<Self.requestsPerVisit {
      guard let chain = try queues[index].pop(from: memory) else { return false }
      let bytes = generate(min(chain.writableCount, Self.maximumRequest))
      let written = try chain.write(bytes, to: memory)
      try queues[index].push(chain.head, written: written, to: memory)
    }
    return true
  }

  public mutating func reset() {}
}
