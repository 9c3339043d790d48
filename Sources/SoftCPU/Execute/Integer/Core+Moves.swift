internal import Synchronization

extension Core {
  func exchange<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    if i.isMemory {
      let new: T = get(i.source)
      var old: T = 0
      try modify(linear(i, T.bitWidth / 8, write: true), locked: true) { (a: T) in old = a; return new }
      set(i.source, old)
    } else {
      let (a, b): (T, T) = (get(i.destination), get(i.source))
      set(i.destination, b)
      set(i.source, a)
    }
  }
  func exchangeAdd<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let b: T = get(i.source)
    var old: T = 0
    if i.isMemory {
      try modify(i) { (a: T) in old = a; return sum(a, b, 0) }
      set(i.source, old)
    } else {
      old = get(i.destination)
      let r = sum(old, b, 0)
      set(i.source, old)
      set(i.destination, r)
    }
  }
  func compareExchange<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let expected: T = get(0)
    let new: T = get(i.source)
    var old: T = 0
    if i.isMemory {
      try modify(i) { (a: T) in old = a; return a == expected ? new : a }
    } else {
      old = get(i.destination)
      if old == expected { set(i.destination, new) }
    }
    _ = difference(expected, old, 0)
    if old != expected { set(0, old) }
  }
  func compareExchangePair(_ i: Instruction) throws(Fault) {
    var matched = false
    if i.width == 8 {
      let address = try linear(i, 16, write: true)
      if address & 15 != 0 { throw .protection }
      try probe(address, 16, write: true)
      let old = try exchangePair(address)
      matched = old.low == self[.rax] && old.high == self[.rdx]
      if !matched { (self[.rax], self[.rdx]) = (old.low, old.high) }
    } else {
      let expected = self[.rdx] << 32 | self[.rax] & 0xFFFF_FFFF
      let new = self[.rcx] << 32 | self[.rbx] & 0xFFFF_FFFF
      var old: UInt64 = 0
      try modify(i) { (a: UInt64) in old = a; return a == expected ? new : a }
      matched = old == expected
      if !matched { (self[.rax], self[.rdx]) = (old & 0xFFFF_FFFF, old >> 32) }
    }
    setZero(matched)
  }
  /// CMPXCHG16B of RAM is one step for all processors; that of a device is not.
  private func exchangePair(_ address: UInt64) throws(Fault) -> (low: UInt64, high: UInt64) {
    let expected = WordPair(first: UInt(self[.rax]), second: UInt(self[.rdx]))
    let new = WordPair(first: UInt(self[.rbx]), second: UInt(self[.rcx]))
    if let p = unsafe probedHost(address, 16) {
      let old = unsafe p.assumingMemoryBound(to: Atomic<WordPair>.self).pointee
        .compareExchange(expected: expected, desired: new, ordering: .sequentiallyConsistent).original
      return (UInt64(old.first), UInt64(old.second))
    }
    let old = try readPair(address)
    if old.low == self[.rax] && old.high == self[.rdx] { try writePair(address, self[.rbx], self[.rcx]) }
    return old
  }

  func convert(_ i: Instruction) {
    switch i.width {
    case 2: set(0, UInt16(truncatingIfNeeded: Self.signExtended(load(0, as: UInt8.self))))
    case 4: set(0, UInt32(truncatingIfNeeded: Self.signExtended(load(0, as: UInt16.self))))
    default: set(0, Self.signExtended(load(0, as: UInt32.self)))
    }
  }
  func extend(_ i: Instruction) {
    switch i.width {
    case 2: set(16, get(0, UInt16.self) >> 15 == 0 ? UInt16(0) : .max)
    case 4: set(16, get(0, UInt32.self) >> 31 == 0 ? UInt32(0) : .max)
    default: set(16, self[.rax] >> 63 == 0 ? UInt64(0) : .max)
    }
  }
  @inline(__always) func extended<S: RegisterWidth>(_ i: Instruction, _: S.Type, signed: Bool) throws(Fault) {
    let a: S = i.isMemory ? try readOperand(i) : get(i.source)
    setRegister(i.reg, signed ? Self.signExtended(a) : UInt64(truncatingIfNeeded: a), i.width)
  }
  func conditionalMove(_ i: Instruction) throws(Fault) {
    // The operand is read even if the condition fails; a 32-bit destination is then still cleared above.
    let value = try operand(i)
    setRegister(i.reg, condition(i.condition) ? value : self[register: Int(i.reg)], i.width)
  }
  func setCondition(_ i: Instruction) throws(Fault) {
    let value: UInt8 = condition(i.condition) ? 1 : 0
    if i.isMemory { try writeOperand(i, value) } else { set(i.destination, value) }
  }
  /// XLAT: a byte from a table at RBX.
  func translate(_ i: Instruction) throws(Fault) {
    let offset = truncated(self[.rbx] &+ UInt64(load(0, as: UInt8.self)), i.addressWidth)
    store(try read(linear(i.segment, offset, 1, write: false), UInt8.self), at: 0)
  }
  /// BSWAP; of 16 bits it is undefined, and leaves zero as on all processors.
  func byteSwap(_ i: Instruction) { setRegister(i.rm, i.width == 2 ? 0 : Self.swapped(self[register: Int(i.rm)], i.width), i.width) }

  func moveSwapped(_ i: Instruction) throws(Fault) {
    if i.form == .registerMemory {
      setRegister(i.reg, Self.swapped(try operand(i), i.width), i.width)
    } else {
      try storeOperand(i, Self.swapped(self[register: Int(i.reg)], i.width), i.width)
    }
  }

  private static func swapped(_ value: UInt64, _ width: UInt8) -> UInt64 { value.byteSwapped >> UInt64(64 - 8 * Int(width)) }
}
