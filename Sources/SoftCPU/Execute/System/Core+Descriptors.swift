/// LAR, LSL, VERR and VERW: looking at descriptors without loading them.
extension Core {
  /// LAR and LSL.
  func inspectDescriptor(_ i: Instruction) throws(Fault) {
    try requireSelectors()
    let selector: UInt16 = i.isMemory ? try readOperand(i) : get(i.rm &* 8)
    let d = try visibleDescriptor(selector)
    let isLimit = i.operation == .loadLimit
    guard let d, !d.isSystem || Self.isInspectable(d.type, limit: isLimit, long: isLong) else { return setZero(false) }
    let value = isLimit ? d.limit : d.low >> 32 & 0xFF_FF00
    setRegister(i.reg, value, i.width)
    setZero(true)
  }

  /// VERR and VERW.
  func verifySegment(_ i: Instruction, forWriting: Bool) throws(Fault) {
    try requireSelectors()
    let selector: UInt16 = i.isMemory ? try readOperand(i) : get(i.rm &* 8)
    guard let d = try visibleDescriptor(selector), !d.isSystem else { return setZero(false) }
    setZero(forWriting ? d.rights.isWritable : d.rights.isReadable)
  }

  /// The descriptor of a selector, if it exists and the privilege level may know of it.
  private func visibleDescriptor(_ selector: UInt16) throws(Fault) -> SegmentDescriptor? {
    guard !selector.isNullSelector else { return nil }
    let table = selector.table
    guard selector.descriptorOffset + 7 <= segmentLimit(table) else { return nil }
    let d = try descriptor(selector)
    let isConforming = d.rights.isConforming
    return isConforming || d.dpl >= cpl && d.dpl >= selector.requestedLevel ? d : nil
  }

  /// System descriptors that have rights, or a limit, to tell of (SDM 2A, tables 3-53 and 3-56).
  private static func isInspectable(_ type: UInt32, limit: Bool, long: Bool) -> Bool {
    switch type {
    case 2, 9, 11: true
    case 1, 3: !long
    case 12: !limit
    case 4, 5: !limit && !long
    default: false
    }
  }
}
