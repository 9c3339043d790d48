/// BMI1, BMI2 and ADX: fields of bits, and arithmetic that leaves most flags alone.
extension Core {
  @inline(never) func bitField(_ i: Instruction) throws(Fault) {
    // Real mode has no VEX.
    guard !i.prefixes.contains(.vex) || isProtected && !isVirtual8086 else { throw .undefined }
    if i.width == 8 { try bitField(i, UInt64.self) } else { try bitField(i, UInt32.self) }
  }

  private func bitField<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let a: T = i.isMemory ? try readOperand(i) : get(i.rm &* 8)
    let b: T = get(i.vvvv &* 8)
    switch i.operation {
    case .andn: set(i.reg &* 8, logical(a & ~b))
    case .blsr: lowestBit(i, a & (a &- 1), carries: a == 0)
    case .blsmsk: lowestBit(i, a ^ (a &- 1), carries: a == 0)
    case .blsi: lowestBit(i, a & (0 &- a), carries: a != 0)
    case .bextr:
      let field = a >> (b & 0xFF)
      set(i.reg &* 8, logical(Self.low(field, bits: b >> 8 & 0xFF)))
    case .bzhi:
      set(i.reg &* 8, logical(Self.low(a, bits: b & 0xFF)))
      setCarry(b & 0xFF >= T(T.bitWidth) ? 1 : 0, overflow: 0)
    case .pdep: set(i.reg &* 8, Self.deposited(b, a))
    case .pext: set(i.reg &* 8, Self.extracted(b, a))
    case .rorx:
      let count = T(truncatingIfNeeded: i.immediate) & T(T.bitWidth - 1)
      set(i.reg &* 8, a >> count | a << (T(T.bitWidth) - count))
    case .mulx:
      let product = get(16, T.self).multipliedFullWidth(by: a)
      // The high half wins if both go to one register.
      set(i.vvvv &* 8, T(truncatingIfNeeded: product.low))
      set(i.reg &* 8, product.high)
    case .shlx: set(i.reg &* 8, a << (b & T(T.bitWidth - 1)))
    case .shrx: set(i.reg &* 8, a >> (b & T(T.bitWidth - 1)))
    case .sarx: set(i.reg &* 8, T(truncatingIfNeeded: Int64(bitPattern: Self.signExtended(a)) >> Int64(truncatingIfNeeded: b & T(T.bitWidth - 1))))
    default: addWithOneFlag(i, a)
    }
  }

  private static func low<T: RegisterWidth>(_ value: T, bits: T) -> T { bits >= T(T.bitWidth) ? value : value & (T(1) << bits &- 1) }

  /// BLSR, BLSMSK and BLSI: clear, mask up to and isolate the lowest bit that is set.
  private func lowestBit<T: RegisterWidth>(_ i: Instruction, _ result: T, carries: Bool) {
    set(i.vvvv &* 8, logical(result))
    setCarry(carries ? 1 : 0, overflow: 0)
  }

  /// The low bits of `value` at the places of the ones in `mask`.
  private static func deposited<T: RegisterWidth>(_ value: T, _ mask: T) -> T {
    var (result, left, value): (T, T, T) = (0, mask, value)
    while left != 0 {
      if value & 1 != 0 { result |= left & (0 &- left) }
      value >>= 1
      left &= left &- 1
    }
    return result
  }
  private static func extracted<T: RegisterWidth>(_ value: T, _ mask: T) -> T {
    var (result, left, place): (T, T, T) = (0, mask, 1)
    while left != 0 {
      if value & left & (0 &- left) != 0 { result |= place }
      place = place &<< 1
      left &= left &- 1
    }
    return result
  }

  /// ADCX and ADOX: two chains of carries, one in CF and one in OF.
  private func addWithOneFlag<T: RegisterWidth>(_ i: Instruction, _ a: T) {
    let usesCarry = i.operation == .adcx
    let (kept, keptOverflow): (UInt64, UInt64) = (carry, overflow ? 1 : 0)
    let first = get(i.reg &* 8, T.self).addingReportingOverflow(a)
    let second = first.partialValue.addingReportingOverflow(T(truncatingIfNeeded: usesCarry ? kept : keptOverflow))
    let out: UInt64 = first.overflow || second.overflow ? 1 : 0
    set(i.reg &* 8, second.partialValue)
    setCarry(usesCarry ? out : kept, overflow: usesCarry ? keptOverflow : out)
  }
}
