/// SYSENTER and SYSEXIT: the quick ways to the system and back by MSRs.
extension Core {
  func systemEnter() throws(Fault) {
    let selector = UInt16(truncatingIfNeeded: self[.sysenterCS]) & 0xFFFC
    guard isProtected, selector != 0 else { throw .protection }
    self[.systemFlags] &= ~(Flags.vm | Flags.interrupts | Flags.rf)
    setFlatCode(selector, level: 0, wide: isLong)
    setFlatStack(selector &+ 8, level: 0)
    self[.rsp] = isLong ? self[.sysenterSP] : self[.sysenterSP] & 0xFFFF_FFFF
    updateMode(cpl: 0)
    leave(to: isLong ? self[.sysenterIP] : self[.sysenterIP] & 0xFFFF_FFFF)
  }

  func systemExit(_ i: Instruction) throws(Fault) {
    try requireSystem()
    let selector = UInt16(truncatingIfNeeded: self[.sysenterCS]) & 0xFFFC
    guard isProtected, selector != 0 else { throw .protection }
    let wide = i.prefixes.contains(.rexW)
    if wide, !Self.isCanonical(self[.rcx]) || !Self.isCanonical(self[.rdx]) { throw .protection }
    setFlatCode(selector &+ (wide ? 32 : 16), level: 3, wide: wide)
    setFlatStack(selector &+ (wide ? 40 : 24), level: 3)
    self[.rsp] = wide ? self[.rcx] : self[.rcx] & 0xFFFF_FFFF
    updateMode(cpl: 3)
    leave(to: wide ? self[.rdx] : self[.rdx] & 0xFFFF_FFFF)
  }

  /// A code segment of everything, without looking at any descriptor.
  func setFlatCode(_ selector: UInt16, level: UInt8, wide: Bool) {
    setSegment(
      Segment.cs, selector: selector | UInt16(level), base: 0, limit: 0xFFFF_FFFF,
      attributes: (wide ? 0xA09B : 0xC09B) | UInt32(level) << 5)
  }
  func setFlatStack(_ selector: UInt16, level: UInt8) {
    setSegment(Segment.ss, selector: selector | UInt16(level), base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093 | UInt32(level) << 5)
  }
}
