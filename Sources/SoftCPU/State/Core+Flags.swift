/// RFLAGS are kept as the last result, and looked at only when asked for.
extension Core {
  @inline(__always) var carry: UInt64 { self[.carries] >> 63 }
  @inline(__always) var overflow: Bool { (self[.carries] ^ self[.carries] << 1) >> 63 != 0 }
  @inline(__always) var isZero: Bool { self[.zeroResult] == 0 }
  @inline(__always) var isNegative: Bool { self[.signResult] >> 63 != 0 }
  @inline(__always) var parity: Bool { UInt8(truncatingIfNeeded: self[.signResult]).nonzeroBitCount & 1 == 0 }

  /// The architectural RFLAGS.
  var flags: UInt64 {
    get {
      self[.systemFlags] & ~Flags.arithmetic | Flags.alwaysSet | carry | (parity ? Flags.pf : 0) | self[.adjust] & Flags.af
        | (isZero ? Flags.zf : 0) | (isNegative ? Flags.sf : 0) | (overflow ? Flags.of : 0)
    }
    nonmutating set {
      self[.systemFlags] = newValue & ~Flags.arithmetic | Flags.alwaysSet
      arithmeticFlags = newValue
    }
  }

  /// Sets CF, PF, AF, ZF, SF and OF from their places in RFLAGS.
  var arithmeticFlags: UInt64 {
    get { flags & Flags.arithmetic }
    nonmutating set {
      self[.zeroResult] = newValue & Flags.zf != 0 ? 0 : 1
      self[.signResult] = (newValue & Flags.sf) << 56 | (newValue & Flags.pf != 0 ? 0 : 1)
      self[.adjust] = newValue & Flags.af
      setCarry(newValue & 1, overflow: newValue >> 11 & 1)
    }
  }

  /// Changes ZF alone.
  func setZero(_ value: Bool) {
    let bits = arithmeticFlags
    arithmeticFlags = value ? bits | Flags.zf : bits & ~Flags.zf
  }

  @inline(__always) func setCarry(_ carry: UInt64, overflow: UInt64) {
    self[.carries] = carry << 63 | (carry ^ overflow) << 62
  }

  @inline(__always) func setResult<T: RegisterWidth>(_ result: T) {
    let wide = Self.signExtended(result)
    self[.zeroResult] = wide
    self[.signResult] = wide
  }

  @inline(__always) static func signExtended<T: RegisterWidth>(_ value: T) -> UInt64 {
    let shift = Int64(64 &- T.bitWidth)
    return UInt64(bitPattern: Int64(bitPattern: UInt64(truncatingIfNeeded: value) &<< UInt64(shift)) &>> shift)
  }

  /// A vector of carries out of each bit, moved so that the operand's top carry is bit 63.
  @inline(__always) func setCarries<T: RegisterWidth>(_ carries: T) {
    self[.carries] = UInt64(truncatingIfNeeded: carries) &<< UInt64(64 &- T.bitWidth)
  }

  /// One of the sixteen conditions, by its number in the opcode.
  @inline(__always) func condition(_ number: UInt8) -> Bool {
    let holds: Bool
    switch number >> 1 & 7 {
    case 0: holds = overflow
    case 1: holds = carry != 0
    case 2: holds = isZero
    case 3: holds = carry != 0 || isZero
    case 4: holds = isNegative
    case 5: holds = parity
    case 6: holds = isNegative != overflow
    default: holds = isZero || isNegative != overflow
    }
    return holds != (number & 1 != 0)
  }
}
