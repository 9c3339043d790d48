extension Core {
  /// Delivers an exception; a fault on the way becomes a double fault, and then the end.
  func deliver(_ fault: Fault) throws(Fault) {
    if fault == .shutdown { throw fault }
    if fault.vector == 14 { self[.cr2] = fault.address }
    do {
      try interrupt(fault.vector, code: fault.hasCode ? fault.code : nil, kind: .exception)
    } catch {
      let contributory: Set<UInt8> = [0, 10, 11, 12, 13]
      if fault.vector == 8 { throw Fault.shutdown }
      let double = contributory.contains(fault.vector) && contributory.contains(error.vector)
        || fault.vector == 14 && (error.vector == 14 || contributory.contains(error.vector))
      try deliver(double ? Fault(vector: 8) : error)
    }
  }

  enum InterruptKind { case exception, external, software }

  /// Through the interrupt table, with everything on the new stack before any state changes.
  func interrupt(_ vector: UInt8, code: UInt32?, kind: InterruptKind) throws(Fault) {
    guard isProtected else { return try realInterrupt(vector) }
    let long = isLong
    let offset = UInt64(vector) * (long ? 16 : 8)
    let errorCode = UInt32(vector) << 3 | 2 | (kind == .software ? 0 : 1)
    guard offset + (long ? 15 : 7) <= segmentLimit(Segment.interrupt) else { throw Fault(vector: 13, code: errorCode) }
    let low = try readSystem(segmentBase(Segment.interrupt) &+ offset)
    let high = long ? try readSystem(segmentBase(Segment.interrupt) &+ offset &+ 8) : 0
    let type = low >> 40 & 0x1F
    guard type == 14 || type == 15 || !long && (type == 6 || type == 7) else { throw Fault(vector: 13, code: errorCode) }
    if kind == .software && UInt8(low >> 45 & 3) < cpl { throw Fault(vector: 13, code: errorCode) }
    guard low >> 47 & 1 != 0 else { throw Fault(vector: 11, code: errorCode) }
    let target = low & 0xFFFF | low >> 32 & 0xFFFF_0000 | high << 32
    let codeSelector = UInt16(truncatingIfNeeded: low >> 16)
    guard codeSelector & 0xFFFC != 0 else { throw .protection }
    let d = try descriptor(codeSelector)
    guard d.isCode, !d.isSystem, d.dpl <= cpl else { throw .protection(codeSelector) }
    guard d.isPresent else { throw .notPresent(codeSelector) }
    let level = d.attributes & 4 != 0 ? cpl : d.dpl
    let width: UInt64 = long ? 8 : type & 8 != 0 ? 4 : 2
    let oldFlags = flags
    var stackSelector = selector(Segment.ss)
    var stack: Descriptor?
    var sp = self[.rsp]
    let change = level != cpl || isVirtual8086
    if long {
      let ist = low >> 32 & 7
      if ist != 0 || change {
        sp = try readSystem(segmentBase(Segment.task) &+ (ist != 0 ? 0x1C + ist * 8 : 4 + UInt64(level) * 8))
        if change { stackSelector = UInt16(level) }
      }
      sp &= ~15
    } else if change {
      (stackSelector, sp) = try innerStack(level)
      stack = try descriptor(stackSelector)
    }
    var values: [UInt64] = []
    if isVirtual8086 { values += [Segment.gs, Segment.fs, Segment.ds, Segment.es].map { UInt64(selector($0)) } }
    if long || change { values += [UInt64(selector(Segment.ss)), self[.rsp]] }
    values += [oldFlags | (kind == .exception ? Flags.rf : 0), UInt64(selector(Segment.cs)), self[.rip]]
    if let code { values.append(UInt64(code)) }
    let mask: UInt64 = long ? .max : (stack.map { $0.attributes & 1 << 14 != 0 } ?? (self[.mode] & Mode.stack32 != 0)) ? 0xFFFF_FFFF : 0xFFFF
    let stackBase = long ? 0 : stack?.base ?? segmentBase(Segment.ss)
    for value in values {
      sp = (sp &- width) & mask
      let address = stackBase &+ sp
      let allowed = level == 3
      if allowed { try writeSlowly(address, value, Int(width)) } else { try writeSystem(address, value, Int(width)) }
    }
    if isVirtual8086 { for n in [Segment.gs, Segment.fs, Segment.ds, Segment.es] { setSegment(n, selector: 0, base: 0, limit: 0, attributes: 0x1_0000) } }
    self[.systemFlags] &= ~(Flags.tf | Flags.nt | Flags.rf | Flags.vm | (type & 1 == 0 ? Flags.interrupts : 0))
    if long && change {
      setSegment(Segment.ss, selector: stackSelector, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093 | UInt32(level) << 5)
    } else if let stack { setSegment(Segment.ss, stackSelector, stack) }
    self[.rsp] = sp
    setSegment(Segment.cs, codeSelector & 0xFFFC | UInt16(level), d)
    updateMode(cpl: level)
    self[.rip] = target
    self[.shadow] = .max
  }

  private func innerStack(_ level: UInt8) throws(Fault) -> (UInt16, UInt64) {
    let task = segmentBase(Segment.task)
    if segmentAttributes(Segment.task) & 8 != 0 {
      let sp = try readSystem(task &+ 4 &+ UInt64(level) * 8)
      return (UInt16(truncatingIfNeeded: sp >> 32), sp & 0xFFFF_FFFF)
    }
    let sp = try readSystem(task &+ 2 &+ UInt64(level) * 4)
    return (UInt16(truncatingIfNeeded: sp >> 16), sp & 0xFFFF)
  }

  private func realInterrupt(_ vector: UInt8) throws(Fault) {
    let gate = try readSlowly(segmentBase(Segment.interrupt) &+ UInt64(vector) * 4, 4)
    try push(flags, 2)
    try push(UInt64(selector(Segment.cs)), 2)
    try push(self[.rip], 2)
    self[.systemFlags] &= ~(Flags.interrupts | Flags.tf | Flags.ac)
    try enterCode(UInt16(truncatingIfNeeded: gate >> 16), gate & 0xFFFF)
    self[.pending] = 0
  }

  /// IRET of all modes, and far returns, which pop no flags.
  func farReturn(_ i: Instruction) throws(Fault) {
    let isInterrupt = i.operation == .iret
    defer {
      if isInterrupt { endInterrupt() }
    }
    let width = UInt64(i.width)
    let target = try peek(i.width)
    let selector = UInt16(truncatingIfNeeded: try peek(i.width, at: width))
    let newFlags = isInterrupt ? try peek(i.width, at: 2 * width) : 0
    var used = width * (isInterrupt ? 3 : 2)
    let extra = i.opcode == 0xCA ? i.immediate & 0xFFFF : 0
    guard isProtected && !isVirtual8086 else {
      drop(used + extra)
      try enterCode(selector, target)
      if isInterrupt { setFlagsFromGuest(newFlags, i.width) }
      return
    }
    if isInterrupt && self[.systemFlags] & Flags.nt != 0 { throw .protection }
    let level = UInt8(selector & 3)
    if selector & 0xFFFC == 0 { throw .protection }
    let d = try descriptor(selector)
    guard level >= cpl, d.isCode, !d.isSystem, d.attributes & 4 != 0 ? d.dpl <= level : d.dpl == level else { throw .protection(selector) }
    guard d.isPresent else { throw .notPresent(selector) }
    if is64Bit && d.attributes & 1 << 13 != 0 && !Self.isCanonical(target) { throw .protection }
    let oldLevel = cpl
    if level > cpl || isInterrupt && is64Bit {
      let sp = try peek(i.width, at: used + extra)
      let stackSelector = UInt16(truncatingIfNeeded: try peek(i.width, at: used + extra + width))
      used += 2 * width
      var stack: Descriptor?
      if stackSelector & 0xFFFC != 0 {
        let s = try descriptor(stackSelector)
        guard !s.isSystem, !s.isCode, s.attributes & 2 != 0, s.dpl == level else { throw .protection(stackSelector) }
        stack = s
      } else if level == 3 || d.attributes & 1 << 13 == 0 { throw .protection }
      if let stack { setSegment(Segment.ss, stackSelector, stack) } else {
        setSegment(Segment.ss, selector: stackSelector, base: 0, limit: 0, attributes: 0x1_0000)
      }
      self[.rsp] = width == 2 ? self[.rsp] & ~0xFFFF | sp & 0xFFFF : sp
      if level > oldLevel { dropInnerSegments(level) }
    } else { drop(used + extra) }
    if isInterrupt { setFlagsFromGuest(newFlags, i.width) }
    setSegment(Segment.cs, selector, d)
    updateMode(cpl: level)
    leave(to: is64Bit ? target : target & 0xFFFF_FFFF)
  }

  private func endInterrupt() {
    self[.inNonMaskable] = 0
    openInterrupts()
  }

  private func dropInnerSegments(_ level: UInt8) {
    for n in [Segment.es, Segment.ds, Segment.fs, Segment.gs] {
      let attributes = segmentAttributes(n)
      if attributes & 0xC != 0xC, UInt8(attributes >> 5 & 3) < level, attributes & 1 << 16 == 0 {
        setSegment(n, selector: 0, base: 0, limit: 0, attributes: 0x1_0000)
      }
    }
  }
}
