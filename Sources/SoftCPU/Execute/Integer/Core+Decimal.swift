/// Decimal arithmetic, which only code of 16 and 32 bits has.
extension Core {
  private var al: UInt8 {
    get { load(0) }
    nonmutating set { store(newValue, at: 0) }
  }
  private var ah: UInt8 {
    get { load(1) }
    nonmutating set { store(newValue, at: 1) }
  }
  private var hasAdjust: Bool { self[.adjust] & Flags.af != 0 }

  /// DAA and DAS: the sum or difference of two packed decimal bytes (SDM 2A).
  func decimalAdjust(subtracting: Bool) {
    let old = al
    let hadCarry = carry != 0
    let low = old & 15 > 9 || hasAdjust
    let high = old > 0x99 || hadCarry
    let amount: UInt8 = (low ? 6 : 0) &+ (high ? 0x60 : 0)
    // A borrow out of the low digit counts even if the high one needs no correction.
    let borrow = subtracting && low && old < 6
    al = subtracting ? old &- amount : old &+ amount
    setResult(al)
    self[.adjust] = low ? Flags.af : 0
    setCarry(high || borrow ? 1 : 0, overflow: 0)
  }

  /// AAA and AAS: one digit in AL, and another in AH.
  func adjustDigit(subtracting: Bool) {
    let adjusts = al & 15 > 9 || hasAdjust
    if adjusts {
      let ax: UInt16 = load(0)
      store(subtracting ? ax &- 0x106 : ax &+ 0x106, at: 0)
    }
    al &= 15
    setResult(al)
    self[.adjust] = adjusts ? Flags.af : 0
    setCarry(adjusts ? 1 : 0, overflow: 0)
  }

  /// AAM: two digits out of AL.
  func splitDigits(base: UInt8) throws(Fault) {
    if base == 0 { throw .divide }
    (ah, al) = (al / base, al % base)
    _ = logical(al)
  }

  /// AAD: one number out of two digits.
  func joinDigits(base: UInt8) {
    (al, ah) = (al &+ ah &* base, 0)
    _ = logical(al)
  }

  /// SALC: AL from the carry flag.
  func setALFromCarry() { al = carry != 0 ? 0xFF : 0 }
}
