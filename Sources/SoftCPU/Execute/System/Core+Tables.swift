/// The registers of the descriptor tables and of the task.
extension Core {
  /// #GP for users whom the system does not want to know where its tables are (CR4.UMIP).
  func requireTablePrivilege() throws(Fault) {
    if self[.cr4] & CR4.tableGuard != 0 { try requireSystem() }
  }

  /// SGDT and SIDT.
  func storeTable(_ i: Instruction, _ table: Segment) throws(Fault) {
    try requireTablePrivilege()
    let address = try linear(i, is64Bit ? 10 : 6, write: true)
    try write(address, UInt16(truncatingIfNeeded: segmentLimit(table)))
    if is64Bit { try write(address &+ 2, segmentBase(table)) } else { try write(address &+ 2, UInt32(truncatingIfNeeded: segmentBase(table))) }
  }

  /// LGDT and LIDT.
  func loadTable(_ i: Instruction, _ table: Segment) throws(Fault) {
    let address = try linear(i, is64Bit ? 10 : 6, write: false)
    try requireSystem()
    let limit: UInt16 = try read(address)
    let base = is64Bit ? try read(address &+ 2) : UInt64(try read(address &+ 2, UInt32.self)) & (i.width == 2 ? 0xFF_FFFF : 0xFFFF_FFFF)
    if is64Bit, !Self.isCanonical(base) { throw .protection }
    setSegment(table, selector: 0, base: base, limit: UInt64(limit), attributes: 0)
  }

  /// SLDT and STR.
  func storeSystemSegment(_ i: Instruction, _ segment: Segment) throws(Fault) {
    try requireSelectors()
    try requireTablePrivilege()
    try storeOperand(i, UInt64(selector(segment)), 2)
  }

  /// LLDT and LTR.
  func loadSystemSegment(_ i: Instruction, _ segment: Segment) throws(Fault) {
    try requireSelectors()
    try requireSystem()
    let value = i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8)
    if value.isNullSelector {
      if segment == .task { throw .protection }
      return setNullSegment(segment, value)
    }
    var d = try descriptor(value, wide: isLong)
    // The local table, or an available task; one of 16 bits is none for long mode.
    guard d.isSystem, segment == .local ? d.type == 2 : d.type == 9 || d.type == 1 && !isLong else { throw .protection(value) }
    guard d.isPresent else { throw .notPresent(value) }
    if isLong, !Self.isCanonical(d.base) { throw .protection(value) }
    if segment == .task {
      d.low |= 1 << 41
      try writeSystem(segmentBase(.global) &+ value.descriptorOffset, d.low)
    }
    setSegment(segment, value, d)
  }

  /// #UD where selectors are paragraphs.
  func requireSelectors() throws(Fault) {
    guard isProtected, !isVirtual8086 else { throw .undefined }
  }
}
