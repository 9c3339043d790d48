/// Far jumps and calls: to code, through call gates, and to other tasks (SDM 3A 5.8).
extension Core {
  func farTransfer(_ i: Instruction, isCall: Bool) throws(Fault) {
    var target = i.immediate & 0xFFFF_FFFF
    var selector = UInt16(truncatingIfNeeded: i.immediate >> 32)
    if i.operation == .farJumpMemory || i.operation == .farCallMemory {
      let address = try linear(i, Int(i.width) + 2, write: false)
      target = try readNumber(address, i.width)
      selector = try read(address &+ UInt64(i.width))
    }
    guard isProtected && !isVirtual8086 else {
      if isCall {
        var stack = PendingStack(of: self)
        try stack.push(UInt64(self.selector(.cs)), Int(i.width))
        try stack.push(i.next, Int(i.width))
        if target > segmentLimit(.cs) { throw .protection }
        stack.load(level: cpl)
      } else if target > segmentLimit(.cs) { throw .protection }
      return enterRealCode(selector, target)
    }
    if selector.isNullSelector { throw .protection }
    let d = try descriptor(selector)
    if !d.isSystem { return try transferToCode(i, selector, d, target, isCall) }
    guard d.dpl >= cpl, d.dpl >= selector.requestedLevel else { throw .protection(selector) }
    switch d.type {
    case 12: try throughCallGate(i, selector, isCall, width: isLong ? 8 : 4)
    case 4 where !isLong: try throughCallGate(i, selector, isCall, width: 2)
    case 5 where !isLong:
      guard d.isPresent else { throw .notPresent(selector) }
      try switchTask(to: UInt16(truncatingIfNeeded: d.low >> 16), isCall ? .call : .jump, returnTo: i.next)
    case 1 where !isLong, 9 where !isLong: try switchTask(to: selector, isCall ? .call : .jump, returnTo: i.next)
    default: throw .protection(selector)
    }
  }

  private func transferToCode(_ i: Instruction, _ selector: UInt16, _ d: SegmentDescriptor, _ target: UInt64, _ isCall: Bool) throws(Fault) {
    let isConforming = d.rights.isConforming
    guard d.isCode, isConforming ? d.dpl <= cpl : d.dpl == cpl && selector.requestedLevel <= cpl else { throw .protection(selector) }
    guard d.isPresent else { throw .notPresent(selector) }
    let target = try checkedTarget(target, in: d, selector)
    let code = try accessed(selector, d)
    if isCall {
      var stack = PendingStack(of: self)
      try stack.push(UInt64(self.selector(.cs)), Int(i.width))
      try stack.push(i.next, Int(i.width))
      stack.load(level: cpl)
    }
    enterCode(selector, code, target, level: cpl)
  }

  /// Faults if code cannot be entered at an offset: beyond its limit, not canonical, or of a kind that does not exist.
  func checkedTarget(_ target: UInt64, in d: SegmentDescriptor, _ selector: UInt16) throws(Fault) -> UInt64 {
    let isWide = isLong && d.rights.isLong
    if isWide {
      if d.rights.isBig { throw .protection(selector) }
      if !Self.isCanonical(target) { throw .protection }
      return target
    }
    let offset = target & 0xFFFF_FFFF
    if offset > d.limit { throw .protection }
    return offset
  }

  /// Enters code whose descriptor has been checked.
  func enterCode(_ selector: UInt16, _ d: SegmentDescriptor, _ target: UInt64, level: UInt8) {
    setSegment(.cs, selector.withoutLevel | UInt16(level), d)
    updateMode(cpl: level)
    leave(to: target)
  }

  /// Enters code of real or virtual 8086 mode.
  func enterRealCode(_ selector: UInt16, _ target: UInt64) {
    setSegment(
      .cs, selector: selector, base: UInt64(selector) << 4, limit: segmentLimit(.cs),
      attributes: segmentAttributes(.cs))
    leave(to: target)
  }

  private func throughCallGate(_ i: Instruction, _ gateSelector: UInt16, _ isCall: Bool, width: Int) throws(Fault) {
    let gate = try wideDescriptor(gateSelector)
    guard gate.isPresent else { throw .notPresent(gateSelector) }
    let selector = UInt16(truncatingIfNeeded: gate.low >> 16)
    if selector.isNullSelector { throw .protection }
    let d = try descriptor(selector)
    guard !d.isSystem, d.isCode, d.dpl <= cpl, !isLong || d.attributes >> 13 & 3 == 1 else { throw .protection(selector) }
    guard d.isPresent else { throw .notPresent(selector) }
    let isConforming = d.rights.isConforming
    let offset = gate.low & 0xFFFF | (width == 2 ? 0 : gate.low >> 32 & 0xFFFF_0000) | (width == 8 ? gate.high << 32 : 0)
    let target = try checkedTarget(offset, in: d, selector)
    guard isCall || isConforming || d.dpl == cpl else { throw .protection(selector) }
    let code = try accessed(selector, d)
    if !isCall { return enterCode(selector, code, target, level: cpl) }
    let level = isConforming ? cpl : d.dpl
    var stack = level == cpl ? PendingStack(of: self) : try PendingStack(of: self, level: level)
    if level != cpl {
      try stack.push(UInt64(self.selector(.ss)), width)
      try stack.push(self[.rsp], width)
      let count = width == 8 ? 0 : UInt64(gate.low >> 32 & 31)
      for parameter in (0..<count).reversed() { try stack.push(peek(UInt8(width), at: parameter * UInt64(width)), width) }
    }
    try stack.push(UInt64(self.selector(.cs)), width)
    try stack.push(i.next, width)
    stack.load(level: level)
    enterCode(selector, code, target, level: level)
  }

  /// A descriptor that is 16 bytes long in long mode.
  private func wideDescriptor(_ selector: UInt16) throws(Fault) -> SegmentDescriptor { try descriptor(selector, wide: isLong) }
}
