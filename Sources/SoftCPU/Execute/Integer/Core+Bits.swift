extension Core {
  func bitTest<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let bits = T.bitWidth
    let operation = i.operation
    let isRegister = !i.hasImmediate
    let number: T = isRegister ? get(i.reg &* 8) : T(truncatingIfNeeded: i.immediate)
    let mask = T(1) << (number & T(bits - 1))
    let change: (T) -> T = { a in
      self[.carries] = a & mask != 0 ? 3 << 62 : 0
      return switch operation {
      case .bitTestSet: a | mask
      case .bitTestReset: a & ~mask
      case .bitTestComplement: a ^ mask
      default: a
      }
    }
    // CF alone changes; OF is undefined, and cleared here.
    guard i.isMemory else {
      let a: T = get(i.rm &* 8)
      if operation == .bitTest { _ = change(a) } else { set(i.rm &* 8, change(a)) }
      return
    }
    var offset = effectiveAddress(i)
    if isRegister {
      let signed = Int64(bitPattern: Self.signExtended(number))
      offset = truncated(offset &+ UInt64(bitPattern: (signed >> Int64(bits.trailingZeroBitCount)) &* Int64(bits / 8)), i.addressWidth)
    }
    let writes = operation != .bitTest
    let address = i.prefixes.contains(.plainAddress) ? offset : try linear(i.segment, offset, bits / 8, write: writes)
    if writes { try modify(address, locked: i.prefixes.contains(.lock), change) } else { _ = change(try read(address)) }
  }

  func scan<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let a: T = try sourceOperand(i)
    setResult(a)
    self[.carries] = 0
    self[.adjust] = 0
    if a == 0 { return }
    set(i.destination, T(i.operation == .scanForward ? a.trailingZeroBitCount : T.bitWidth - 1 - a.leadingZeroBitCount))
    self[.signResult] = 1
  }

  /// TZCNT and LZCNT: unlike BSF and BSR they have a result for zero, the width.
  func countZeros<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let a: T = try sourceOperand(i)
    let count = i.operation == .tzcnt ? a.trailingZeroBitCount : a.leadingZeroBitCount
    set(i.destination, T(count))
    arithmeticFlags = (count == 0 ? Flags.zf : 0) | (a == 0 ? Flags.cf : 0)
  }

  func countBits<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) {
    let a: T = try sourceOperand(i)
    set(i.destination, T(a.nonzeroBitCount))
    arithmeticFlags = a == 0 ? Flags.zf : 0
  }

  func crc32(_ i: Instruction) throws(Fault) {
    var value: UInt64
    switch i.width {
    case 1: value = UInt64(try i.isMemory ? readOperand(i, UInt8.self) : get(i.source))
    case 2: value = UInt64(try i.isMemory ? readOperand(i, UInt16.self) : get(i.source))
    case 4: value = UInt64(try i.isMemory ? readOperand(i, UInt32.self) : get(i.source))
    default: value = try i.isMemory ? readOperand(i) : get(i.source)
    }
    var crc = UInt32(truncatingIfNeeded: self[register: Int(i.reg)])
    for _ in 0..<Int(i.width) * 8 {
      crc = crc >> 1 ^ ((crc ^ UInt32(truncatingIfNeeded: value)) & 1 == 0 ? 0 : 0x82F6_3B78)
      value >>= 1
    }
    self[register: Int(i.reg)] = UInt64(crc)
  }
}
