/// A stack that is filled before the processor changes to it, so that a fault on the way changes nothing.
struct PendingStack {
  private let core: Core
  let selector: UInt16
  /// The segment it lies in, unless that is the present one, or all of 64-bit memory.
  let descriptor: SegmentDescriptor?
  private(set) var pointer: UInt64
  private let isFlat: Bool
  /// Whether user code will own the stack: it is then filled with user rights.
  private let isUser: Bool

  /// The present stack; flat where 64-bit code will use it.
  init(of core: Core, isFlat: Bool? = nil) {
    self.core = core
    selector = core.selector(.ss)
    descriptor = nil
    pointer = core[.rsp]
    self.isFlat = isFlat ?? core.is64Bit
    isUser = core.cpl == 3
  }

  /// The stack of `level` that the task segment names (SDM 3A 7.2.1).
  init(of core: Core, level: UInt8) throws(Fault) {
    self.core = core
    isUser = level == 3
    isFlat = core.isLong
    let task = core.segmentBase(.task)
    let limit = core.segmentLimit(.task)
    let isWide = core.segmentAttributes(.task) & 8 != 0
    let place = core.isLong ? 4 + UInt64(level) * 8 : isWide ? 4 + UInt64(level) * 8 : 2 + UInt64(level) * 4
    guard place + (core.isLong ? 7 : isWide ? 5 : 3) <= limit else { throw .invalidTask(core.selector(.task)) }
    let entry = try core.readSystem(task &+ place)
    guard !core.isLong else {
      guard Core.isCanonical(entry) else { throw .stack(0) }
      (selector, descriptor, pointer) = (UInt16(level), nil, entry)
      return
    }
    selector = UInt16(truncatingIfNeeded: isWide ? entry >> 32 : entry >> 16)
    pointer = isWide ? entry & 0xFFFF_FFFF : entry & 0xFFFF
    descriptor = try core.stackDescriptor(selector, level: level) { .invalidTask($0) }
  }

  /// The stack of an entry of the interrupt stack table, 1 to 7.
  init(of core: Core, table entry: UInt64, level: UInt8) throws(Fault) {
    self.core = core
    isUser = level == 3
    isFlat = true
    descriptor = nil
    selector = level == core.cpl ? core.selector(.ss) : UInt16(level)
    guard 0x1C + entry * 8 + 7 <= core.segmentLimit(.task) else { throw .invalidTask(core.selector(.task)) }
    pointer = try core.readSystem(core.segmentBase(.task) &+ 0x1C &+ entry * 8)
    guard Core.isCanonical(pointer) else { throw .stack(0) }
  }

  mutating func alignTo16() { pointer &= ~15 }

  private var mask: UInt64 {
    if isFlat { return .max }
    let isBig = descriptor.map { $0.rights.isBig } ?? (core[.mode] & Mode.stack32 != 0)
    return isBig ? 0xFFFF_FFFF : 0xFFFF
  }

  mutating func push(_ value: UInt64, _ width: Int) throws(Fault) {
    let mask = mask
    let place = pointer &- UInt64(width) & mask
    if isFlat, core.isLong, !Core.isCanonical(place) { throw .stack(0) }
    let address = isFlat ? place : try linear(place & mask, width)
    if isUser {
      try core.writeSlowly(address, value, width)
    } else {
      try core.writeSystem(address, value, width)
    }
    pointer = isFlat ? place : pointer & ~mask | place & mask
  }

  private func linear(_ offset: UInt64, _ count: Int) throws(Fault) -> UInt64 {
    guard let descriptor else { return try core.linear(.ss, offset, count, write: true) }
    let last = offset &+ UInt64(count - 1)
    let isInside =
      !descriptor.rights.expandsDown
      ? last <= descriptor.limit : offset > descriptor.limit && last <= (descriptor.rights.isBig ? 0xFFFF_FFFF : 0xFFFF)
    guard isInside else { throw .stack(selector) }
    return (descriptor.base &+ offset) & 0xFFFF_FFFF
  }

  /// Makes it the processor's stack, for code of `level`.
  func load(level: UInt8) {
    if let descriptor {
      core.setSegment(.ss, selector, descriptor)
    } else if isFlat && level != core.cpl {
      core.setSegment(.ss, selector: selector, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093 | UInt32(level) << 5)
    }
    core[.rsp] = pointer
  }
}

extension Core {
  /// The descriptor of a stack segment for `level`.
  func stackDescriptor(_ selector: UInt16, level: UInt8, _ fault: (UInt16) -> Fault) throws(Fault) -> SegmentDescriptor {
    if selector.isNullSelector { throw fault(selector) }
    guard isInTable(selector) else { throw fault(selector) }
    let d = try descriptor(selector)
    if selector & 3 != level || d.dpl != level || d.isSystem || !d.rights.isWritable { throw fault(selector) }
    if !d.isPresent { throw .stack(selector) }
    return try accessed(selector, d)
  }

  /// Whether a selector's table reaches that far.
  func isInTable(_ selector: UInt16) -> Bool {
    selector.descriptorOffset + 7 <= segmentLimit(selector.table)
  }
}
