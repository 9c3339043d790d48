/// SYSCALL, SYSENTER and their returns: the quick ways to the system and back by MSRs.
extension Core {
  func systemEnter() throws(Fault) {
    let selector = UInt16(truncatingIfNeeded: self[.sysenterCS]).withoutLevel
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
    let selector = UInt16(truncatingIfNeeded: self[.sysenterCS]).withoutLevel
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
      .cs, selector: selector | UInt16(level), base: 0, limit: 0xFFFF_FFFF,
      attributes: (wide ? 0xA09B : 0xC09B) | UInt32(level) << 5)
  }
  func setFlatStack(_ selector: UInt16, level: UInt8) {
    setSegment(.ss, selector: selector | UInt16(level), base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093 | UInt32(level) << 5)
  }

  func systemCall(_ i: Instruction) throws(Fault) {
    guard self[.efer] & EFER.systemCalls != 0, isProtected else { throw .undefined }
    guard isLong else { return try legacySystemCall(i) }
    let target = is64Bit ? self[.lstar] : self[.cstar]
    self[.rcx] = i.next
    self[.r11] = flags & ~Flags.rf
    let selector = UInt16(truncatingIfNeeded: self[.star] >> 32)
    flags = flags & ~(self[.sfmask] | Flags.rf)
    setSegment(.cs, selector: selector.withoutLevel, base: 0, limit: 0xFFFF_FFFF, attributes: 0xA09B)
    setSegment(.ss, selector: selector.withoutLevel &+ 8, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093)
    updateMode(cpl: 0)
    leave(to: target)
    traceSystemCall()
  }

  /// SYSCALL without long mode, as AMD's processors have it: only EIP and the segments change.
  private func legacySystemCall(_ i: Instruction) throws(Fault) {
    self[.rcx] = i.next
    self[.systemFlags] &= ~(Flags.interrupts | Flags.vm | Flags.rf)
    let selector = UInt16(truncatingIfNeeded: self[.star] >> 32).withoutLevel
    setFlatCode(selector, level: 0, wide: false)
    setFlatStack(selector &+ 8, level: 0)
    updateMode(cpl: 0)
    leave(to: self[.star] & 0xFFFF_FFFF)
    traceSystemCall()
  }

  func systemReturn(_ i: Instruction) throws(Fault) {
    guard self[.efer] & EFER.systemCalls != 0 else { throw .undefined }
    try requireSystem()
    let selector = UInt16(truncatingIfNeeded: self[.star] >> 48)
    let wide = i.width == 8
    flags = self[.r11] & Flags.existing & ~(Flags.rf | Flags.vm)
    setSegment(.cs, selector: (selector &+ (wide ? 16 : 0)) | 3, base: 0, limit: 0xFFFF_FFFF, attributes: wide ? 0xA0FB : 0xC0FB)
    setSegment(.ss, selector: (selector &+ 8) | 3, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC0F3)
    updateMode(cpl: 3)
    openInterrupts()
    leave(to: wide ? self[.rcx] : self[.rcx] & 0xFFFF_FFFF)
    traceSystemCall()
  }
}
