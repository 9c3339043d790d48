extension Core {
  /// Flags that no manual defines behind an instruction, which is about to be executed.
  ///
  /// - Parameter before: those that nothing defined before it.
  func undefinedFlags(after i: Instruction, before: UInt64) -> UInt64 {
    let use = i.flagUse
    guard use.writes else { return before }
    let left = left(undefined: i)
    switch i.operation.plain {
    case .increment, .decrement: return before & Flags.cf
    case .shl, .shr, .sar, .shld, .shrd: return count(i) > 0 ? left : before
    default: return use.writesAll ? left : before | left
    }
  }

  /// How far a shift or rotation goes.
  private func count(_ i: Instruction) -> UInt64 { (i.usesCL ? self[.rcx] : i.immediate) & (i.width == 8 ? 63 : 31) }

  private func left(undefined i: Instruction) -> UInt64 {
    let (bits, manyBits) = (UInt64(i.width) * 8, count(i) > 1 ? Flags.of : 0)
    switch i.operation.plain {
    case .and, .or, .xor, .test: return Flags.af
    case .shl, .shr, .sar: return Flags.af | manyBits | (count(i) >= bits ? Flags.cf : 0)
    case .rol, .ror, .rcl, .rcr: return manyBits
    case .shld, .shrd: return count(i) > bits ? Flags.arithmetic : Flags.af | manyBits
    case .mul, .imul, .imulTwo, .imulThree: return Flags.sf | Flags.zf | Flags.af | Flags.pf
    case .div, .idiv: return Flags.arithmetic
    case .scanForward, .scanReverse: return Flags.arithmetic & ~Flags.zf
    case .tzcnt, .lzcnt: return Flags.of | Flags.sf | Flags.pf | Flags.af
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: return Flags.of | Flags.sf | Flags.af | Flags.pf
    case .andn, .lowestBit, .bzhi: return Flags.af | Flags.pf
    case .bextr: return Flags.af | Flags.pf | Flags.sf
    default: return 0
    }
  }
}
