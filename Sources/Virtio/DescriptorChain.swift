public import DeviceModel
public import Primitives

/// One request of the driver: a private, validated copy of its descriptors. None is empty, and all are RAM.
public struct DescriptorChain: Sendable {
  /// The descriptor that names the chain in the used ring.
  public let head: UInt16
  private var segments: [MemorySegment] = []
  private var readableEnd = 0

  init(head: UInt16) {
    self.head = head
    // Most requests have no more.
    segments.reserveCapacity(4)
  }

  /// What the device reads, in order.
  public var readable: ArraySlice<MemorySegment> { segments[..<readableEnd] }
  /// What the device writes, in order.
  public var writable: ArraySlice<MemorySegment> { segments[readableEnd...] }

  public var readableCount: Int { readable.byteCount }
  public var writableCount: Int { writable.byteCount }

  /// Adds the next one; what is read comes before what is written.
  mutating func add(_ segment: MemorySegment, isWritable: Bool) {
    segments.append(segment)
    if !isWritable { readableEnd = segments.count }
  }

  /// A copy of up to `limit` bytes of what the device reads.
  public func bytes(after skip: Int = 0, upTo limit: Int, from memory: any RingMemory) throws(QueueError) -> [UInt8] {
    var result: [UInt8] = []
    for segment in readable.bytes(from: skip, count: limit) {
      guard let bytes = memory.copy(segment.count, from: segment.address) else { throw .memory }
      result += bytes
    }
    return result
  }

  /// A number of 1, 2, 4 or 8 bytes among what the device reads; nil if that ends before.
  func number(_ byteCount: Int, after skip: Int, from memory: any RingMemory) throws(QueueError) -> UInt64? {
    var place = skip
    for segment in readable {
      if place + byteCount <= segment.count {
        guard let number = memory.number(byteCount, at: segment.address + place) else { throw .memory }
        return number
      }
      if place < segment.count { break }
      place -= segment.count
    }
    // It is spread over several.
    let bytes = try bytes(after: skip, upTo: byteCount, from: memory)
    guard bytes.count == byteCount else { return nil }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Scatters bytes over what the device writes; returns how many fitted.
  public func write(_ bytes: [UInt8], to memory: any RingMemory) throws(QueueError) -> Int {
    var done = 0
    for segment in writable.bytes(from: 0, count: bytes.count) {
      let piece = Array(bytes[done..<(done + segment.count)])
      guard memory.put(piece, at: segment.address) else { throw .memory }
      done += segment.count
    }
    return done
  }
}
