/// RETF and IRET of all modes.
extension Core {
  func farReturn(_ i: Instruction) throws(Fault) {
    let width = UInt64(i.width)
    let target = try peek(i.width)
    let selector = UInt16(truncatingIfNeeded: try peek(i.width, at: width))
    let extra = i.immediate
    guard isProtected && !isVirtual8086 else {
      if target > segmentLimit(.cs) { throw .protection }
      drop(2 * width + extra)
      return enterRealCode(selector, target)
    }
    try returnToCode(i, selector, target, flags: nil, frame: 2 * width, extra: extra)
  }

  func interruptReturn(_ i: Instruction) throws(Fault) {
    let width = UInt64(i.width)
    if isVirtual8086 && self[.systemFlags] & Flags.iopl != Flags.iopl { throw .protection }
    if isProtected && !isVirtual8086 && self[.systemFlags] & Flags.nt != 0 {
      // A nested task ends.
      if isLong { throw .protection }
      let link: UInt16 = UInt16(truncatingIfNeeded: try readSystem(segmentBase(.task)))
      try switchTask(to: link, .taskReturn, returnTo: i.next)
      return endInterrupt()
    }
    let target = try peek(i.width)
    let selector = UInt16(truncatingIfNeeded: try peek(i.width, at: width))
    let newFlags = try peek(i.width, at: 2 * width)
    if !isProtected || isVirtual8086 {
      if target > segmentLimit(.cs) { throw .protection }
      drop(3 * width)
      enterRealCode(selector, target)
      setFlagsFromGuest(newFlags, i.width, resumes: true)
    } else if newFlags & Flags.vm != 0 && cpl == 0 && i.width == 4 && !isLong {
      try returnToVirtual8086(target, selector, newFlags)
    } else {
      try returnToCode(i, selector, target, flags: newFlags, frame: 3 * width, extra: 0)
    }
    endInterrupt()
  }

  /// Non-maskable interrupts may come again, and perhaps others.
  private func endInterrupt() {
    if self[.inNonMaskable] != 0 {
      self[.inNonMaskable] = 0
      context.environment.interrupts.endNonMaskable()
    }
    openInterrupts()
  }

  /// - Parameter frame: bytes that the return address, and flags, take on the stack.
  private func returnToCode(
    _ i: Instruction, _ selector: UInt16, _ target: UInt64, flags newFlags: UInt64?, frame: UInt64, extra: UInt64
  ) throws(Fault) {
    let level = selector.requestedLevel
    if selector.isNullSelector { throw .protection }
    var d = try descriptor(selector)
    guard level >= cpl, d.isCode, !d.isSystem, d.rights.isConforming ? d.dpl <= level : d.dpl == level else { throw .protection(selector) }
    guard d.isPresent else { throw .notPresent(selector) }
    let target = try checkedTarget(target, in: d, selector)
    d = try accessed(selector, d)
    let isOuter = level > cpl
    if isOuter || newFlags != nil && is64Bit {
      let sp = try peek(i.width, at: frame + extra)
      let stackSelector = UInt16(truncatingIfNeeded: try peek(i.width, at: frame + extra + UInt64(i.width)))
      if stackSelector.isNullSelector {
        guard is64Bit, level != 3, d.rights.isLong else { throw .protection }
        setNullSegment(.ss, stackSelector)
      } else {
        let stack = try stackDescriptor(stackSelector, level: level) { .protection($0) }
        setSegment(.ss, stackSelector, stack)
      }
      self[.rsp] = i.width == 2 ? self[.rsp] & ~0xFFFF | sp & 0xFFFF : sp
      // RETF to an outer level drops its parameters from both stacks.
      if isOuter && extra != 0 { self[.rsp] = self[.rsp] &+ extra }
    } else { drop(frame + extra) }
    if let newFlags { setFlagsFromGuest(newFlags, i.width, resumes: true) }
    enterCode(selector, d, target, level: level)
    if isOuter { dropInnerSegments(level) }
  }

  private func returnToVirtual8086(_ target: UInt64, _ selector: UInt16, _ newFlags: UInt64) throws(Fault) {
    var values: [UInt64] = []
    for place in UInt64(3)..<9 { values.append(try peek(4, at: place * 4)) }
    if target > 0xFFFF { throw .protection }
    flags = newFlags & Flags.existing
    self[.rsp] = values[0] & 0xFFFF_FFFF
    let segments = [Segment.ss, .es, .ds, .fs, .gs]
    for (segment, value) in zip(segments, values.dropFirst()) { setVirtual8086Segment(segment, UInt16(truncatingIfNeeded: value)) }
    setVirtual8086Segment(.cs, selector)
    updateMode(cpl: 3)
    leave(to: target)
  }

  func setVirtual8086Segment(_ segment: Segment, _ selector: UInt16) {
    setSegment(segment, selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF, attributes: segment == .cs ? 0xFB : 0xF3)
  }

  /// Data segments that an outer level may not have become null.
  private func dropInnerSegments(_ level: UInt8) {
    for segment in [Segment.es, .ds, .fs, .gs] {
      let rights = segmentRights(segment)
      if !rights.isConforming, rights.level < level, !rights.isUnusable {
        setNullSegment(segment, 0, base: is64Bit && segment.hasBase64 ? segmentBase(segment) : 0)
      }
    }
  }
}
