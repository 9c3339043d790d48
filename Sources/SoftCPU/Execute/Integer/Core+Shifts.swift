extension Core {
  @inline(__always) func shift(_ i: Instruction) throws(Fault) {
    switch i.width {
    case 1: try shift(i, UInt8.self)
    case 2: try shift(i, UInt16.self)
    case 4: try shift(i, UInt32.self)
    default: try shift(i, UInt64.self)
    }
  }

  func shift<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let raw = i.usesCL ? load(8, as: UInt8.self) : UInt8(truncatingIfNeeded: i.immediate)
    let count = Int(raw & (T.bitWidth == 64 ? 63 : 31))
    // A count of zero changes nothing, but a memory operand is still accessed.
    switch i.operation {
    case .shl: try unary(i, T.self) { count == 0 ? $0 : shiftedLeft($0, count) }
    case .shr: try unary(i, T.self) { count == 0 ? $0 : shiftedRight($0, count) }
    case let operation: try unary(i, T.self) { count == 0 ? $0 : shifted($0, count, operation) }
    }
  }

  @inline(__always) private func shiftedLeft<T: RegisterWidth>(_ a: T, _ count: Int) -> T {
    let bits = T.bitWidth
    let r = count >= bits ? 0 : a &<< T(truncatingIfNeeded: count)
    let out: T = count > bits ? 0 : a &>> T(truncatingIfNeeded: bits &- count) & 1
    return finish(r, UInt64(truncatingIfNeeded: out), UInt64(truncatingIfNeeded: r &>> T(bits &- 1) ^ out))
  }

  @inline(__always) private func shiftedRight<T: RegisterWidth>(_ a: T, _ count: Int) -> T {
    let bits = T.bitWidth
    let r = count >= bits ? 0 : a &>> T(truncatingIfNeeded: count)
    let out: T = count > bits ? 0 : a &>> T(truncatingIfNeeded: count &- 1) & 1
    return finish(r, UInt64(truncatingIfNeeded: out), UInt64(truncatingIfNeeded: a &>> T(bits &- 1)))
  }

  private func shifted<T: RegisterWidth>(_ a: T, _ count: Int, _ operation: Operation) -> T {
    let bits = T.bitWidth
    let top = T(bits - 1)
    switch operation {
    case .sar:
      let wide = Int64(bitPattern: Self.signExtended(a))
      let r = T(truncatingIfNeeded: wide >> Int64(min(count, 63)))
      return finish(r, UInt64(bitPattern: wide >> Int64(min(count - 1, 63))) & 1, 0)
    case .rol:
      let n = count % bits
      let r = n == 0 ? a : a << T(n) | a >> T(bits - n)
      let out = UInt64(truncatingIfNeeded: r & 1)
      setCarry(out, overflow: out ^ UInt64(truncatingIfNeeded: r >> top))
      return r
    case .ror:
      let n = count % bits
      let r = n == 0 ? a : a >> T(n) | a << T(bits - n)
      let out = UInt64(truncatingIfNeeded: r >> top)
      setCarry(out, overflow: out ^ UInt64(truncatingIfNeeded: r >> (top - 1) & 1))
      return r
    default: return rotatedThroughCarry(a, count % (bits + 1), left: operation == .rcl)
    }
  }

  @inline(__always) private func finish<T: RegisterWidth>(_ r: T, _ carry: UInt64, _ overflow: UInt64) -> T {
    setResult(r)
    self[.adjust] = 0
    setCarry(carry, overflow: overflow)
    return r
  }

  private func rotatedThroughCarry<T: RegisterWidth>(_ a: T, _ count: Int, left: Bool) -> T {
    if count == 0 { return a }
    let top = T(T.bitWidth - 1)
    var r = a
    var c = T(truncatingIfNeeded: carry)
    for _ in 0..<count {
      if left { (r, c) = (r << 1 | c, r >> top) } else { (r, c) = (r >> 1 | c << top, r & 1) }
    }
    let o = left ? r >> top ^ c : r >> top ^ r >> (top - 1) & 1
    setCarry(UInt64(truncatingIfNeeded: c), overflow: UInt64(truncatingIfNeeded: o))
    return r
  }

  func doubleShift<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let raw = i.usesCL ? load(8, as: UInt8.self) : UInt8(truncatingIfNeeded: i.immediate)
    let count = Int(raw & (T.bitWidth == 64 ? 63 : 31))
    let other: T = get(i.reg &* 8)
    let left = i.operation == .shld
    try unary(i, T.self) { count == 0 ? $0 : doubleShifted($0, other, count, left) }
  }

  private func doubleShifted<T: RegisterWidth>(_ a: T, _ b: T, _ count: Int, _ left: Bool) -> T {
    let bits = T.bitWidth
    // A count beyond 16 bits is undefined; the rotation of both operands is what processors do.
    let n = count > bits ? count - bits : count
    let (x, y) = count > bits ? (b, a) : (a, b)
    let r: T
    let out: T
    if left {
      r = (n == bits ? 0 : x << T(n)) | y >> T(bits - n)
      out = x >> T(bits - n) & 1
    } else {
      r = (n == bits ? 0 : x >> T(n)) | y << T(bits - n)
      out = x >> T(n - 1) & 1
    }
    return finish(r, UInt64(truncatingIfNeeded: out), UInt64(truncatingIfNeeded: (r ^ x) >> T(bits - 1)))
  }
}
