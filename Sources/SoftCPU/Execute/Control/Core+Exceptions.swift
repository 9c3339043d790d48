extension Core {
  /// Delivers an exception; a fault on the way becomes a double fault, and then the end.
  func deliver(_ fault: Fault) throws(TripleFault) {
    if fault.vector == 14 { self[.cr2] = fault.address }
    // The handler may use the debug registers.
    if fault.vector == 1 { self[.dr7] &= ~DebugControl.guarded }
    do throws(Fault) {
      try interrupt(by: Interruption(fault))
    } catch {
      let contributory: Set<UInt8> = [0, 10, 11, 12, 13]
      if fault.vector == 8 { throw TripleFault() }
      let double = contributory.contains(fault.vector) && contributory.contains(error.vector)
        || fault.vector == 14 && (error.vector == 14 || contributory.contains(error.vector))
      try deliver(double ? Fault(vector: 8) : error)
    }
  }

  /// Through the interrupt table.
  func interrupt(by interruption: Interruption) throws(Fault) {
    guard isProtected else { return try realInterrupt(interruption.vector) }
    do throws(Fault) {
      try protectedInterrupt(interruption)
    } catch {
      // The error code's lowest bit tells that no instruction asked for this (SDM 3A 6.13).
      guard interruption.kind != .software, (10...13).contains(error.vector) else { throw error }
      throw Fault(vector: error.vector, code: error.code | 1)
    }
  }

  /// With everything on the new stack before any state changes.
  private func protectedInterrupt(_ interruption: Interruption) throws(Fault) {
    let (vector, code, kind) = (interruption.vector, interruption.code, interruption.kind)
    let long = isLong
    let offset = UInt64(vector) * (long ? 16 : 8)
    let errorCode = UInt32(vector) << 3 | 2
    guard offset + (long ? 15 : 7) <= segmentLimit(.interrupt) else { throw Fault(vector: 13, code: errorCode) }
    let low = try readSystem(segmentBase(.interrupt) &+ offset)
    let high = long ? try readSystem(segmentBase(.interrupt) &+ offset &+ 8) : 0
    let type = low >> 40 & 0x1F
    guard type == 14 || type == 15 || !long && (5...7).contains(type) else { throw Fault(vector: 13, code: errorCode) }
    if kind == .software && UInt8(low >> 45 & 3) < cpl { throw Fault(vector: 13, code: errorCode) }
    guard low >> 47 & 1 != 0 else { throw Fault(vector: 11, code: errorCode) }
    let codeSelector = UInt16(truncatingIfNeeded: low >> 16)
    if type == 5 {
      try switchTask(to: codeSelector, .interrupt, returnTo: self[.rip], code: code)
      return self[.pending] = 0
    }
    guard !codeSelector.isNullSelector else { throw .protection }
    let d = try descriptor(codeSelector)
    guard d.isCode, !d.isSystem, d.dpl <= cpl, !long || d.attributes >> 13 & 3 == 1 else { throw .protection(codeSelector) }
    guard d.isPresent else { throw .notPresent(codeSelector) }
    let wasVirtual8086 = isVirtual8086
    let level = d.rights.isConforming ? cpl : d.dpl
    if wasVirtual8086 && level != 0 { throw .protection(codeSelector) }
    let width = long ? 8 : type & 8 != 0 ? 4 : 2
    let target = try checkedTarget(low & 0xFFFF | (width == 2 ? 0 : low >> 32 & 0xFFFF_0000) | high << 32, in: d, codeSelector)
    let segment = try accessed(codeSelector, d)
    let isInner = level != cpl
    var stack = try interruptStack(level, table: long ? low >> 32 & 7 : 0)
    if wasVirtual8086 { for n in [Segment.gs, .fs, .ds, .es] { try stack.push(UInt64(selector(n)), width) } }
    if long || isInner {
      try stack.push(UInt64(selector(.ss)), width)
      try stack.push(self[.rsp], width)
    }
    // A fault comes back to its instruction, whose breakpoint then must not be met again.
    try stack.push(flags | (kind == .exception && vector != 1 ? Flags.rf : 0), width)
    try stack.push(UInt64(selector(.cs)), width)
    try stack.push(self[.rip], width)
    if let code { try stack.push(UInt64(code), width) }
    if wasVirtual8086 { for n in [Segment.gs, .fs, .ds, .es] { setNullSegment(n, 0) } }
    self[.systemFlags] &= ~(Flags.tf | Flags.nt | Flags.rf | Flags.vm | (type & 1 == 0 ? Flags.interrupts : 0))
    stack.load(level: level)
    setSegment(.cs, codeSelector.withoutLevel | UInt16(level), segment)
    updateMode(cpl: level)
    self[.rip] = target
    self[.shadow] = .max
  }

  private func interruptStack(_ level: UInt8, table: UInt64) throws(Fault) -> PendingStack {
    if table != 0 {
      var stack = try PendingStack(of: self, table: table, level: level)
      stack.alignTo16()
      return stack
    }
    var stack = level != cpl ? try PendingStack(of: self, level: level) : PendingStack(of: self, isFlat: isLong)
    if isLong { stack.alignTo16() }
    return stack
  }

  private func realInterrupt(_ vector: UInt8) throws(Fault) {
    guard UInt64(vector) * 4 + 3 <= segmentLimit(.interrupt) else { throw .protection }
    let gate = try readSlowly(segmentBase(.interrupt) &+ UInt64(vector) * 4, 4)
    var stack = PendingStack(of: self)
    try stack.push(flags, 2)
    try stack.push(UInt64(selector(.cs)), 2)
    try stack.push(self[.rip], 2)
    stack.load(level: 0)
    self[.systemFlags] &= ~(Flags.interrupts | Flags.tf | Flags.ac)
    enterRealCode(UInt16(truncatingIfNeeded: gate >> 16), gate & 0xFFFF)
    self[.shadow] = .max
    self[.pending] = 0
  }
}
