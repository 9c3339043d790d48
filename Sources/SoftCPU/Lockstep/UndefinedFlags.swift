extension Core {
  /// Flags that no manual defines behind an instruction, which is about to be executed.
  ///
  /// - Parameter before: those that nothing defined before it.
  func undefinedFlags(after i: Instruction, before: UInt64) -> UInt64 {
    let use = i.flagUse
    guard use.writes else { return before }
    let count = Int((i.usesCL ? self[.rcx] : i.immediate) & (i.width == 8 ? 63 : 31))
    let left = i.operation.undefinedFlags(width: Int(i.width), count: count)
    switch i.operation.plain {
    case .increment, .decrement: return before & Flags.cf
    case .shl, .shr, .sar, .shld, .shrd: return count > 0 ? left : before
    default: return use.writesAll ? left : before | left
    }
  }
}

extension Operation {
  /// Flags that no manual defines behind an instruction of so many bytes, which shifts or rotates by a count if it does.
  func undefinedFlags(width: Int, count: Int) -> UInt64 {
    let manyBits = count > 1 ? Flags.of : 0
    switch plain {
    case .and, .or, .xor, .test: return Flags.af
    case .shl, .shr, .sar: return count == 0 ? 0 : Flags.af | manyBits | (count >= width * 8 ? Flags.cf : 0)
    case .rol, .ror, .rcl, .rcr: return manyBits
    case .shld, .shrd: return count > width * 8 ? Flags.arithmetic : count == 0 ? 0 : Flags.af | manyBits
    case .mul, .imul, .imulTwo, .imulThree: return Flags.sf | Flags.zf | Flags.af | Flags.pf
    case .div, .idiv: return Flags.arithmetic
    case .scanForward, .scanReverse: return Flags.arithmetic & ~Flags.zf
    case .tzcnt, .lzcnt: return Flags.of | Flags.sf | Flags.pf | Flags.af
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: return Flags.of | Flags.sf | Flags.af | Flags.pf
    case .andn, .blsr, .blsmsk, .blsi, .bzhi: return Flags.af | Flags.pf
    case .bextr: return Flags.af | Flags.pf | Flags.sf
    default: return 0
    }
  }
}
