/// The registers of the descriptor tables, and the bases of FS and GS.
extension Core {
  /// #GP for users whom the system does not want to know where its tables are (CR4.UMIP).
  func requireTablePrivilege() throws(Fault) {
    if self[.cr4] & Self.tableGuard != 0 { try requireSystem() }
  }
  static let tableGuard: UInt64 = 1 << 11

  func descriptorTable(_ i: Instruction) throws(Fault) {
    guard i.isMemory else { throw .undefined }
    if i.extension3 < 2 { try requireTablePrivilege() }
    let table = i.extension3 & 1 == 0 ? Segment.global : Segment.interrupt
    let address = try linear(i, is64Bit ? 10 : 6, write: i.extension3 < 2)
    if i.extension3 < 2 {
      try write(address, UInt16(truncatingIfNeeded: segmentLimit(table)))
      if is64Bit { try write(address &+ 2, segmentBase(table)) } else { try write(address &+ 2, UInt32(truncatingIfNeeded: segmentBase(table))) }
      return
    }
    try requireSystem()
    let limit: UInt16 = try read(address)
    let base = is64Bit ? try read(address &+ 2) : UInt64(try read(address &+ 2, UInt32.self)) & (i.width == 2 ? 0xFF_FFFF : 0xFFFF_FFFF)
    if is64Bit, !Self.isCanonical(base) { throw .protection }
    setSegment(table, selector: 0, base: base, limit: UInt64(limit), attributes: 0)
  }

  func segmentTable(_ i: Instruction) throws(Fault) {
    guard isProtected, !isVirtual8086 else { throw .undefined }
    let n = i.extension3 & 1 == 0 ? Segment.local : Segment.task
    if i.extension3 < 2 {
      try requireTablePrivilege()
      return try storeOperand(i, UInt64(selector(n)), 2)
    }
    try requireSystem()
    let value = i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8)
    if value & 0xFFFC == 0 {
      if n == Segment.task { throw .protection }
      return setSegment(n, selector: value, base: 0, limit: 0, attributes: 0x1_0000)
    }
    var d = try descriptor(value, wide: isLong)
    // The local table, or an available task; one of 16 bits is none for long mode.
    guard d.isSystem, n == Segment.local ? d.type == 2 : d.type == 9 || d.type == 1 && !isLong else { throw .protection(value) }
    guard d.isPresent else { throw .notPresent(value) }
    if isLong, !Self.isCanonical(d.base) { throw .protection(value) }
    if n == Segment.task {
      d.low |= 1 << 41
      try writeSystem(segmentBase(Segment.global) &+ UInt64(value & 0xFFF8), d.low)
    }
    setSegment(n, value, d)
  }

  func segmentBaseRegister(_ i: Instruction) throws(Fault) {
    guard self[.cr4] & 1 << 16 != 0 else { throw .undefined }
    let n = i.extension3 & 1 == 0 ? Segment.fs : Segment.gs
    if i.extension3 < 2 { return setRegister(i.rm, segmentBase(n), i.width) }
    let value = i.width == 8 ? self[register: Int(i.rm)] : self[register: Int(i.rm)] & 0xFFFF_FFFF
    guard Self.isCanonical(value) else { throw .protection }
    setSegmentBase(n, value)
  }
}
