public import DeviceModel
public import Primitives

/// One request of the driver: a private, validated copy of its descriptors.
public struct DescriptorChain: Sendable {
  /// A buffer that is wholly RAM and not empty.
  public struct Segment: Equatable, Sendable {
    public var address: GuestAddress
    public var count: Int

    public init(address: GuestAddress, count: Int) {
      self.address = address
      self.count = count
    }
  }

  /// The descriptor that names the chain in the used ring.
  public let head: UInt16
  /// What the device reads, in order.
  public internal(set) var readable: [Segment] = []
  /// What the device writes, in order.
  public internal(set) var writable: [Segment] = []

  init(head: UInt16) { self.head = head }

  public var readableCount: Int { readable.reduce(0) { $0 + $1.count } }
  public var writableCount: Int { writable.reduce(0) { $0 + $1.count } }

  /// A copy of up to `limit` bytes of what the device reads.
  public func bytes(after skip: Int = 0, upTo limit: Int, from memory: any RingMemory) throws(QueueError) -> [UInt8] {
    var result: [UInt8] = []
    for segment in readable.slice(from: skip, count: limit) {
      guard let bytes = memory.copy(segment.count, from: segment.address) else { throw .memory }
      result += bytes
    }
    return result
  }

  /// Scatters bytes over what the device writes; returns how many fitted.
  public func write(_ bytes: [UInt8], to memory: any RingMemory) throws(QueueError) -> Int {
    var done = 0
    for segment in writable.slice(from: 0, count: bytes.count) {
      let piece = Array(bytes[done..<(done + segment.count)])
      guard memory.put(piece, at: segment.address) else { throw .memory }
      done += segment.count
    }
    return done
  }
}

extension Array where Element == DescriptorChain.Segment {
  /// The part from `skip` on, of at most `limit` bytes.
  public func slice(from skip: Int, count limit: Int = .max) -> Self {
    var result: Self = []
    var skip = skip
    var left = limit
    for segment in self where left > 0 {
      guard skip < segment.count else {
        skip -= segment.count
        continue
      }
      let count = Swift.min(segment.count - skip, left)
      result.append(.init(address: segment.address + skip, count: count))
      left -= count
      skip = 0
    }
    return result
  }
}
