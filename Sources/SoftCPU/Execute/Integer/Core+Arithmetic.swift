internal import Synchronization

/// An operation on two operands that sets the flags; written once for all widths and places.
protocol BinaryOperation {
  static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T
  static var writes: Bool { get }
}
extension BinaryOperation { @inline(__always) static var writes: Bool { true } }

enum Add: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { core.sum(a, b, 0) }
}
enum AddCarry: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T {
    core.sum(a, b, T(truncatingIfNeeded: core.carry))
  }
}
enum Subtract: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { core.difference(a, b, 0) }
}
enum SubtractBorrow: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T {
    core.difference(a, b, T(truncatingIfNeeded: core.carry))
  }
}
enum Compare: BinaryOperation {
  @inline(__always) static var writes: Bool { false }
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { core.difference(a, b, 0) }
}
enum And: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { core.logical(a & b) }
}
enum Or: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { core.logical(a | b) }
}
enum Xor: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { core.logical(a ^ b) }
}
enum Test: BinaryOperation {
  @inline(__always) static var writes: Bool { false }
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { core.logical(a & b) }
}
enum Move: BinaryOperation {
  @inline(__always) static func apply<T: RegisterWidth>(_ a: T, _ b: T, _ core: Core) -> T { b }
}

extension Core {
  @inline(__always) func sum<T: RegisterWidth>(_ a: T, _ b: T, _ c: T) -> T {
    let r = a &+ b &+ c
    setResult(r)
    setCarries(a & b | (a | b) & ~r)
    self[.adjust] = UInt64(truncatingIfNeeded: a ^ b ^ r)
    return r
  }
  @inline(__always) func difference<T: RegisterWidth>(_ a: T, _ b: T, _ c: T) -> T {
    let r = a &- b &- c
    setResult(r)
    setCarries(~a & b | (~a | b) & r)
    self[.adjust] = UInt64(truncatingIfNeeded: a ^ b ^ r)
    return r
  }
  @inline(__always) func logical<T: RegisterWidth>(_ r: T) -> T {
    setResult(r)
    self[.carries] = 0
    self[.adjust] = 0
    return r
  }

  @inline(__always) func binary<O: BinaryOperation>(_ i: Instruction, _: O.Type) throws(Fault) {
    switch i.shape {
    case .registerRegister8: registers(i, O.self, UInt8.self)
    case .registerRegister16: registers(i, O.self, UInt16.self)
    case .registerRegister32: registers(i, O.self, UInt32.self)
    case .registerRegister64: registers(i, O.self, UInt64.self)
    case .registerImmediate8: immediate(i, O.self, UInt8.self)
    case .registerImmediate16: immediate(i, O.self, UInt16.self)
    case .registerImmediate32: immediate(i, O.self, UInt32.self)
    case .registerImmediate64: immediate(i, O.self, UInt64.self)
    case .registerMemory8: try fromMemory(i, O.self, UInt8.self)
    case .registerMemory16: try fromMemory(i, O.self, UInt16.self)
    case .registerMemory32: try fromMemory(i, O.self, UInt32.self)
    case .registerMemory64: try fromMemory(i, O.self, UInt64.self)
    case .memoryRegister8: try registerToMemory(i, O.self, UInt8.self)
    case .memoryRegister16: try registerToMemory(i, O.self, UInt16.self)
    case .memoryRegister32: try registerToMemory(i, O.self, UInt32.self)
    case .memoryRegister64: try registerToMemory(i, O.self, UInt64.self)
    case .memoryImmediate8: try immediateToMemory(i, O.self, UInt8.self)
    case .memoryImmediate16: try immediateToMemory(i, O.self, UInt16.self)
    case .memoryImmediate32: try immediateToMemory(i, O.self, UInt32.self)
    case .memoryImmediate64: try immediateToMemory(i, O.self, UInt64.self)
    }
  }

  @inline(__always) func registers<O: BinaryOperation, T: RegisterWidth>(_ i: Instruction, _: O.Type, _: T.Type) {
    put(i, O.self, O.apply(get(i.destination, T.self), get(i.source, T.self), self))
  }
  @inline(__always) func immediate<O: BinaryOperation, T: RegisterWidth>(_ i: Instruction, _: O.Type, _: T.Type) {
    put(i, O.self, O.apply(get(i.destination, T.self), T(truncatingIfNeeded: i.immediate), self))
  }
  @inline(__always) func fromMemory<O: BinaryOperation, T: RegisterWidth>(_ i: Instruction, _: O.Type, _: T.Type) throws(Fault) {
    let b: T = try readOperand(i)
    put(i, O.self, O.apply(get(i.destination, T.self), b, self))
  }
  @inline(__always) func registerToMemory<O: BinaryOperation, T: RegisterWidth>(_ i: Instruction, _: O.Type, _: T.Type) throws(Fault) {
    try intoMemory(i, O.self, get(i.source, T.self))
  }
  @inline(__always) private func immediateToMemory<O: BinaryOperation, T: RegisterWidth>(_ i: Instruction, _: O.Type, _: T.Type) throws(Fault) {
    try intoMemory(i, O.self, T(truncatingIfNeeded: i.immediate))
  }
  @inline(__always) private func put<O: BinaryOperation, T: RegisterWidth>(_ i: Instruction, _: O.Type, _ value: T) {
    if O.writes { set(i.destination, value) }
  }
  @inline(__always) private func intoMemory<O: BinaryOperation, T: RegisterWidth>(_ i: Instruction, _: O.Type, _ b: T) throws(Fault) {
    if O.self == Move.self { return try writeOperand(i, b) }
    if O.writes { return try modify(i) { (a: T) in O.apply(a, b, self) } }
    let a: T = try readOperand(i)
    _ = O.apply(a, b, self)
  }

  /// Reads, changes and writes the memory operand; as one step for everybody under LOCK.
  @inline(__always) func modify<T: RegisterWidth>(_ i: Instruction, _ change: (T) -> T) throws(Fault) {
    let address = try linear(i, T.bitWidth / 8, write: true)
    try modify(address, locked: i.prefixes.contains(.lock), change)
  }

  @inline(__always) func modify<T: RegisterWidth>(_ address: UInt64, locked: Bool, _ change: (T) -> T) throws(Fault) {
    if let p = unsafe writeHost(address, T.bitWidth / 8) {
      if locked {
        unsafe modifyAtomically(p, change)
      } else {
        let old = unsafe p.loadUnaligned(as: T.self)
        unsafe p.storeBytes(of: change(old), as: T.self)
      }
      return
    }
    try probe(address, T.bitWidth / 8, write: true)
    if let p = unsafe probedHost(address, T.bitWidth / 8) { return unsafe modifyAtomically(p, change) }
    let old: T = try read(address)
    try write(address, change(old))
  }

  @inline(__always) func modifyAtomically<T: RegisterWidth>(_ p: UnsafeMutableRawPointer, _ change: (T) -> T) {
    let carries = self[.carries]
    while true {
      let old = unsafe p.loadUnaligned(as: T.self)
      self[.carries] = carries
      if unsafe T.exchange(at: p, old, for: change(old)) { return }
    }
  }

  // MARK: One operand

  @inline(__always) func unary<T: RegisterWidth>(_ i: Instruction, _: T.Type, _ change: (T) -> T) throws(Fault) {
    if i.isMemory { try modify(i, change) } else { set(i.destination, change(get(i.destination, T.self))) }
  }

  func increment<T: RegisterWidth>(_ a: T, by one: T) -> T {
    let kept = carry
    let r = one == 1 ? sum(a, 1, 0) : difference(a, 1, 0)
    setCarry(kept, overflow: overflow ? 1 : 0)
    return r
  }

  @inline(__always) func unary(_ i: Instruction) throws(Fault) {
    switch i.width {
    case 1: try unary(i, UInt8.self)
    case 2: try unary(i, UInt16.self)
    case 4: try unary(i, UInt32.self)
    default: try unary(i, UInt64.self)
    }
  }

  private func unary<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    switch i.operation {
    case .increment: try unary(i, T.self) { increment($0, by: 1) }
    case .decrement: try unary(i, T.self) { increment($0, by: T.max) }
    case .negate: try unary(i, T.self) { difference(0, $0, 0) }
    default: try unary(i, T.self) { ~$0 }
    }
  }

  // MARK: Multiplication and division

  @inline(__always) func sourceOperand<T: RegisterWidth>(_ i: Instruction, _: T.Type = T.self) throws(Fault) -> T {
    switch i.form {
    case .registerRegister: get(i.source)
    case .registerImmediate: get(i.destination)
    default: try readOperand(i)
    }
  }

  func multiply<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let b: T = try sourceOperand(i)
    let a: T = get(0)
    let wide: (high: T, low: T)
    let fits: Bool
    if i.operation == .mul {
      let product = a.multipliedFullWidth(by: b)
      wide = (product.high, T(truncatingIfNeeded: product.low))
      fits = wide.high == 0
    } else {
      wide = Self.signedProduct(a, b)
      fits = wide.high == Self.signMask(wide.low)
    }
    if T.bitWidth == 8 { store(UInt16(truncatingIfNeeded: wide.high) << 8 | UInt16(truncatingIfNeeded: wide.low), at: 0) } else {
      set(0, wide.low)
      set(16, wide.high)
    }
    setResult(wide.low)
    self[.adjust] = 0
    setCarry(fits ? 0 : 1, overflow: fits ? 0 : 1)
  }

  @inline(__always) static func signedProduct<T: RegisterWidth>(_ a: T, _ b: T) -> (high: T, low: T) {
    let product = a.multipliedFullWidth(by: b)
    // A negative factor counts 2^width too much of the other one.
    let high = product.high &- (b & signMask(a)) &- (a & signMask(b))
    return (high, T(truncatingIfNeeded: product.low))
  }
  /// All ones if the sign bit is set.
  @inline(__always) private static func signMask<T: RegisterWidth>(_ a: T) -> T { 0 &- (a &>> T(T.bitWidth &- 1)) }

  @inline(__always) func multiplyInto(_ i: Instruction) throws(Fault) {
    switch i.width {
    case 2: try multiplyInto(i, UInt16.self)
    case 4: try multiplyInto(i, UInt32.self)
    default: try multiplyInto(i, UInt64.self)
    }
  }

  private func multiplyInto<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let b: T = i.isMemory ? try readOperand(i) : get(i.source)
    let a: T = i.operation == .imulThree ? T(truncatingIfNeeded: i.immediate) : get(i.destination)
    let wide = Self.signedProduct(a, b)
    let fits = wide.high == Self.signMask(wide.low)
    set(i.destination, wide.low)
    setResult(wide.low)
    self[.adjust] = 0
    setCarry(fits ? 0 : 1, overflow: fits ? 0 : 1)
  }

  func divide<T: RegisterWidth & DividendHalf>(_ i: Instruction, _: T.Type) throws(Fault) {
    let divisor: T = try sourceOperand(i)
    let low: T = get(0)
    let high: T = T.bitWidth == 8 ? T(truncatingIfNeeded: load(1, as: UInt8.self)) : get(16)
    guard let (quotient, remainder) = i.operation == .div
      ? Self.quotient(high, low, divisor) : Self.signedQuotient(high, low, divisor)
    else { throw .divide }
    if T.bitWidth == 8 { store(UInt8(truncatingIfNeeded: quotient), at: 0); store(UInt8(truncatingIfNeeded: remainder), at: 1) } else {
      set(0, quotient)
      set(16, remainder)
    }
  }

  static func quotient<T: DividendHalf>(_ high: T, _ low: T, _ divisor: T) -> (T, T)? {
    guard high < divisor else { return nil }
    return T.divide(divisor, high, low)
  }

  static func signedQuotient<T: DividendHalf>(_ high: T, _ low: T, _ divisor: T) -> (T, T)? {
    let top = T(T.bitWidth - 1)
    let negative = high >> top != 0
    let low1: T = negative ? 0 &- low : low
    let high1: T = negative ? ~high &+ (low == 0 ? 1 : 0) : high
    let divisorNegative = divisor >> top != 0
    guard let (q, r) = quotient(high1, low1, divisorNegative ? 0 &- divisor : divisor) else { return nil }
    let limit = T(1) << top
    if negative != divisorNegative ? q > limit : q >= limit { return nil }
    return (negative != divisorNegative ? 0 &- q : q, negative ? 0 &- r : r)
  }
}

/// Halves of a dividend twice as wide.
protocol DividendHalf: RegisterWidth {
  static func divide(_ divisor: Self, _ high: Self, _ low: Self) -> (Self, Self)
}
extension UInt8: DividendHalf {
  static func divide(_ divisor: Self, _ high: Self, _ low: Self) -> (Self, Self) { divisor.dividingFullWidth((high, low)) }
}
extension UInt16: DividendHalf {
  static func divide(_ divisor: Self, _ high: Self, _ low: Self) -> (Self, Self) { divisor.dividingFullWidth((high, low)) }
}
extension UInt32: DividendHalf {
  static func divide(_ divisor: Self, _ high: Self, _ low: Self) -> (Self, Self) { divisor.dividingFullWidth((high, low)) }
}
extension UInt64: DividendHalf {
  static func divide(_ divisor: Self, _ high: Self, _ low: Self) -> (Self, Self) { divisor.dividingFullWidth((high, low)) }
}
