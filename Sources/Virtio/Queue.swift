public import DeviceModel
import Primitives

/// A split virtqueue, from the device's side (virtio 1.2, 2.7).
///
/// Every field of guest memory is fetched exactly once, into a local: another processor may change it meanwhile.
public struct Queue: Sendable {
  public static let maximumSize: UInt16 = 256
  /// The most descriptors in an indirect table.
  public static let maximumIndirect = 1024

  // MARK: What the driver sets up

  public internal(set) var size = Self.maximumSize
  public internal(set) var isEnabled = false
  var descriptors: UInt64 = 0
  var available: UInt64 = 0
  var used: UInt64 = 0
  var vector: UInt16 = 0xFFFF

  // MARK: What was negotiated

  var usesEventIndex = false
  var usesIndirect = false

  // MARK: Where the device is

  private var nextAvailable: UInt16 = 0
  private var nextUsed: UInt16 = 0
  /// The used index up to which the driver was told or did not want to be.
  private var lastSignalled: UInt16 = 0

  /// What happens to the queue, while somebody watches.
  var journal: [QueueActivity.Event]?

  init() {}

  /// True if all three rings are aligned and wholly RAM.
  func isPlaced(in memory: any RingMemory) -> Bool {
    let size = Int(size)
    return descriptors % 16 == 0 && available % 2 == 0 && used % 4 == 0
      && memory.contains(GuestAddress(descriptors), count: 16 * size)
      && memory.contains(GuestAddress(available), count: 6 + 2 * size)
      && memory.contains(GuestAddress(used), count: 6 + 8 * size)
  }

  // MARK: Taking

  /// How many chains wait.
  func waiting(in memory: any RingMemory) throws(QueueError) -> UInt16 {
    guard let index = memory.ringIndex(at: GuestAddress(available) + 2) else { throw .memory }
    let count = index &- nextAvailable
    guard count <= size else { throw .availableIndex }
    return count
  }

  /// Takes the next chain; nil if none waits, and then the driver will tell when there is one.
  public mutating func pop(from memory: any RingMemory) throws(QueueError) -> DescriptorChain? {
    guard isEnabled else { return nil }
    if try waiting(in: memory) == 0 {
      guard usesEventIndex else { return nil }
      try store(nextAvailable, at: GuestAddress(used) + (4 + 8 * Int(size)), memory)
      memory.fence()
      // The driver may have added one before it saw the request to be told.
      if try waiting(in: memory) == 0 { return nil }
    }
    let place = Int(nextAvailable % size)
    let head: UInt16 = try load(at: GuestAddress(available) + (4 + 2 * place), memory)
    guard head < size else { throw .descriptorIndex }
    let chain = try self.chain(head, memory)
    nextAvailable &+= 1
    journal?.append(.taken(head: head, readable: chain.readableCount, writable: chain.writableCount))
    return chain
  }

  private struct Descriptor {
    static let byteCount = 16

    let address: UInt64
    let count: UInt32
    let flags: UInt16
    let next: UInt16

    init(at place: GuestAddress, _ memory: any RingMemory) throws(QueueError) {
      guard let address = memory.number(8, at: place), let rest = memory.number(8, at: place + 8) else { throw .memory }
      self.address = address
      count = UInt32(truncatingIfNeeded: rest)
      flags = UInt16(truncatingIfNeeded: rest >> 32)
      next = UInt16(truncatingIfNeeded: rest >> 48)
    }

    var hasNext: Bool { flags[bit: 0] }
    var isWritable: Bool { flags[bit: 1] }
    var isIndirect: Bool { flags[bit: 2] }
  }

  private func chain(_ head: UInt16, _ memory: any RingMemory) throws(QueueError) -> DescriptorChain {
    var chain = DescriptorChain(head: head)
    var total: UInt64 = 0
    /// The table that the chain is in, and how many descriptors that has.
    var table = GuestAddress(descriptors)
    var limit = Int(size)
    var index = Int(head)
    var isIndirect = false
    var seen = 0
    while true {
      guard index < limit else { throw .descriptorIndex }
      guard seen < limit else { throw .chainTooLong }
      seen += 1
      let descriptor = try Descriptor(at: table + Descriptor.byteCount * index, memory)
      if descriptor.isIndirect {
        // The write flag of this descriptor means nothing; a link after it or a table in a table is wrong.
        guard usesIndirect, !isIndirect, !descriptor.hasNext else { throw .indirect }
        let byteCount = Int(descriptor.count)
        guard byteCount > 0, byteCount % Descriptor.byteCount == 0 else { throw .indirect }
        limit = byteCount / Descriptor.byteCount
        guard limit <= Self.maximumIndirect else { throw .chainTooLong }
        table = GuestAddress(descriptor.address)
        guard memory.contains(table, count: byteCount) else { throw .memory }
        isIndirect = true
        index = 0
        seen = 0
        continue
      }
      total += UInt64(descriptor.count)
      guard total <= UInt64(UInt32.max) else { throw .length }
      try add(descriptor, to: &chain, memory)
      guard descriptor.hasNext else { return chain }
      index = Int(descriptor.next)
    }
  }

  private func add(_ descriptor: Descriptor, to chain: inout DescriptorChain, _ memory: any RingMemory) throws(QueueError) {
    if !descriptor.isWritable, !chain.writable.isEmpty { throw .order }
    guard descriptor.count > 0 else { return }
    let segment = MemorySegment(address: GuestAddress(descriptor.address), count: Int(descriptor.count))
    guard memory.contains(segment.address, count: segment.count) else { throw .memory }
    chain.add(segment, isWritable: descriptor.isWritable)
  }

  // MARK: Giving back

  /// Gives a chain back with the number of bytes written into it.
  public mutating func push(_ head: UInt16, written: Int, to memory: any RingMemory) throws(QueueError) {
    let entry = GuestAddress(used) + (4 + 8 * Int(nextUsed % size))
    let element = UInt64(head) | UInt64(UInt32(truncatingIfNeeded: written)) << 32
    guard memory.setNumber(element, 8, at: entry), memory.setRingIndex(nextUsed &+ 1, at: GuestAddress(used) + 2) else { throw .memory }
    nextUsed &+= 1
    journal?.append(.completed(head: head, written: written))
  }

  /// Puts bytes into as many chains as it takes and there are; returns how many bytes fitted.
  mutating func fill(with bytes: [UInt8], _ memory: any RingMemory) throws(QueueError) -> Int {
    var done = 0
    for _ in 0..<size where done < bytes.count {
      guard let chain = try pop(from: memory) else { break }
      let written = try chain.write(Array(bytes[done...]), to: memory)
      try push(chain.head, written: written, to: memory)
      done += written
    }
    return done
  }

  /// True if chains were given back since the last call and the driver wants to know.
  mutating func takeSignal(_ memory: any RingMemory) throws(QueueError) -> Bool {
    let old = lastSignalled
    guard nextUsed != old else { return false }
    lastSignalled = nextUsed
    memory.fence()
    if usesEventIndex {
      let event: UInt16 = try load(at: GuestAddress(available) + (4 + 2 * Int(size)), memory)
      return nextUsed &- event &- 1 < nextUsed &- old
    }
    let flags: UInt16 = try load(at: GuestAddress(available), memory)
    return !flags[bit: 0]
  }

  private func load(at address: GuestAddress, _ memory: any RingMemory) throws(QueueError) -> UInt16 {
    guard let value = memory.number(2, at: address) else { throw .memory }
    return UInt16(truncatingIfNeeded: value)
  }

  private func store(_ value: UInt16, at address: GuestAddress, _ memory: any RingMemory) throws(QueueError) {
    guard memory.setNumber(UInt64(value), 2, at: address) else { throw .memory }
  }
}
