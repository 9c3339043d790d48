/// Instructions that load and tell segment registers.
extension Core {
  func popSegment(_ i: Instruction) throws(Fault) {
    let value = try peek(i.width)
    // The old stack's size counts, even if POP SS changes it.
    let rest = stackPointer(without: UInt64(i.width))
    try loadSegment(i.namedSegment, UInt16(truncatingIfNeeded: value))
    self[.rsp] = rest
    if i.namedSegment == .ss { holdTraps(until: i.next) }
    leave(to: i.next)
  }

  func moveFromSegment(_ i: Instruction) throws(Fault) {
    try storeOperand(i, UInt64(selector(i.namedSegment)), i.isMemory ? 2 : i.width)
  }

  func moveToSegment(_ i: Instruction) throws(Fault) {
    let value = i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8)
    try loadSegment(i.namedSegment, value)
    if i.namedSegment == .ss { holdTraps(until: i.next) }
    leave(to: i.next)
  }

  /// MOV SS and POP SS: neither interrupts nor traps before the next instruction is over.
  private func holdTraps(until next: UInt64) {
    self[.shadow] = next
    self[.trapShadow] = next
  }

  /// LES, LDS, LSS, LFS and LGS.
  func loadFarPointer(_ i: Instruction, to segment: Segment) throws(Fault) {
    let address = try linear(i, Int(i.width) + 2, write: false)
    let offset = try readNumber(address, i.width)
    let selector: UInt16 = try read(address &+ UInt64(i.width))
    try loadSegment(segment, selector)
    setRegister(i.reg, offset, i.width)
    if segment == .ss { self[.shadow] = i.next }
    leave(to: i.next)
  }

  /// ARPL: raises a selector's requested privilege level to another's.
  func adjustPrivilege(_ i: Instruction) throws(Fault) {
    try requireSelectors()
    let wanted = get(i.source, UInt16.self) & 3
    let selector: UInt16 = i.isMemory ? try readOperand(i) : get(i.destination)
    let isLower = selector & 3 < wanted
    if isLower { try storeOperand(i, UInt64(selector & ~3 | wanted), 2) }
    setZero(isLower)
  }

  func swapGS() throws(Fault) {
    try requireSystem()
    let base = segmentBase(.gs)
    setSegmentBase(.gs, self[.kernelGSBase])
    self[.kernelGSBase] = base
  }

  func readSegmentBase(_ i: Instruction, _ segment: Segment) throws(Fault) {
    try requireBaseInstructions()
    setRegister(i.rm, segmentBase(segment), i.width)
  }

  func writeSegmentBase(_ i: Instruction, _ segment: Segment) throws(Fault) {
    try requireBaseInstructions()
    let value = i.width == 8 ? self[register: Int(i.rm)] : self[register: Int(i.rm)] & 0xFFFF_FFFF
    guard Self.isCanonical(value) else { throw .protection }
    setSegmentBase(segment, value)
  }

  private func requireBaseInstructions() throws(Fault) {
    guard self[.cr4] & CR4.segmentBases != 0 else { throw .undefined }
  }
}
