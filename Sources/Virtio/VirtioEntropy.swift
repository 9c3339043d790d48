public import DeviceModel

/// A virtio source of random bytes (virtio 1.2, 5.4) without the bytes: it hands on what the guest asks for.
public struct VirtioEntropy: VirtioFunction {
  public static let deviceID: UInt16 = 4
  public static let pciClass: UInt32 = 0xFF_0000

  /// The most bytes that one request gets, whatever it asks for.
  public static let maximumRequest = 64 << 10
  /// The most requests that may wait for their bytes.
  static let maximumInFlight = 16

  /// The place for the bytes of each request.
  var inFlight = InFlight<DescriptorChain>(limit: maximumInFlight)

  public init() {}

  public var queueCount: Int { 1 }
  public var features: UInt64 { 0 }
  public var configuration: [UInt8] { [] }

  /// The worker does the work.
  public mutating func service(
    queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) -> Bool {
    cycle.changes.insert(.work)
    return false
  }

  public mutating func reset() { inFlight.forgetAll() }

  mutating func next(from queues: inout [Queue], _ memory: any RingMemory) throws(QueueError) -> EntropyRequest? {
    guard !inFlight.isFull, let chain = try queues[0].pop(from: memory) else { return nil }
    return EntropyRequest(token: inFlight.add(chain), count: min(chain.writableCount, Self.maximumRequest))
  }
}

extension VirtioPCI where F == VirtioEntropy {
  /// The next request; nil if there is none, or too many are in flight.
  public mutating func next(_ cycle: inout Cycle) -> EntropyRequest? {
    let request = work(&cycle) { entropy, queues, memory, _ throws(QueueError) in try entropy.next(from: &queues, memory) }
    return request ?? nil
  }

  /// Gives a request its bytes. One from before a reset gets none.
  public mutating func complete(_ request: EntropyRequest, with bytes: [UInt8], _ cycle: inout Cycle) {
    guard let chain = function.inFlight.remove(request.token) else { return }
    work(&cycle) { _, queues, memory, _ throws(QueueError) in
      try queues[0].push(chain.head, written: chain.write(bytes, to: memory), to: memory)
    }
  }
}
