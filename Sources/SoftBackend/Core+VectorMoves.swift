/// The vector instructions that string functions and the kernel live on, without a call of host code.
extension Core {
  private typealias Pair = SIMD2<UInt64>
  private typealias Bytes = SIMD16<UInt8>

  @inline(__always) private func xmm(_ number: UInt8) -> Int { VectorArea.xmm &+ Int(number & 15) &* 16 }

  /// Executes an instruction of the 0F map if it is one of the common ones.
  func executeMove(_ i: Instruction, _ prefix: VectorForms.Prefix) throws(Fault) -> Bool {
    switch (prefix, i.opcode) {
    case (.none, 0x10), (.operandSize, 0x10), (.repeatZero, 0x6F):
      try loadWhole(i, aligned: false)
    case (.none, 0x28), (.operandSize, 0x28), (.operandSize, 0x6F):
      try loadWhole(i, aligned: true)
    case (.none, 0x11), (.operandSize, 0x11), (.repeatZero, 0x7F):
      try storeWhole(i, aligned: false)
    case (.none, 0x29), (.operandSize, 0x29), (.operandSize, 0x7F):
      try storeWhole(i, aligned: true)
    case (.operandSize, 0x6E): try loadGeneral(i)
    case (.operandSize, 0x7E): try storeGeneral(i)
    case (.repeatZero, 0x7E): try loadLow(i)
    case (.operandSize, 0xD6): try storeLow(i)
    case (.none, 0x54), (.operandSize, 0x54), (.operandSize, 0xDB): try combine(i) { $0 & $1 }
    case (.none, 0x55), (.operandSize, 0x55), (.operandSize, 0xDF): try combine(i) { ~$0 & $1 }
    case (.none, 0x56), (.operandSize, 0x56), (.operandSize, 0xEB): try combine(i) { $0 | $1 }
    case (.none, 0x57), (.operandSize, 0x57), (.operandSize, 0xEF): try combine(i) { $0 ^ $1 }
    case (.operandSize, 0x74): try combine(i) { Self.pair(Self.whereEqual(Self.bytes($0), Self.bytes($1))) }
    case (.operandSize, 0xDA): try combine(i) { Self.pair(pointwiseMin(Self.bytes($0), Self.bytes($1))) }
    case (.operandSize, 0xDE): try combine(i) { Self.pair(pointwiseMax(Self.bytes($0), Self.bytes($1))) }
    case (.operandSize, 0xD4): try combine(i) { $0 &+ $1 }
    case (.operandSize, 0xD7): try gatherSigns(i)
    default: return false
    }
    return true
  }

  @inline(__always) private static func bytes(_ pair: Pair) -> Bytes { unsafe unsafeBitCast(pair, to: Bytes.self) }
  @inline(__always) private static func pair(_ bytes: Bytes) -> Pair { unsafe unsafeBitCast(bytes, to: Pair.self) }
  @inline(__always) private static func whereEqual(_ a: Bytes, _ b: Bytes) -> Bytes {
    Bytes(repeating: 0).replacing(with: 0xFF, where: a .== b)
  }

  /// The 16 bytes of the `rm` operand.
  @inline(__always) private func source(_ i: Instruction, aligned: Bool) throws(Fault) -> Pair {
    guard i.isMemory else { return load(xmm(i.rm)) }
    let address = try linear(i, 16, write: false)
    if aligned && address & 15 != 0 { throw .protection }
    if let p = unsafe readHost(address, 16) { return unsafe p.loadUnaligned(as: Pair.self) }
    try read(address, 16, to: VectorArea.operand)
    return load(VectorArea.operand)
  }

  @inline(__always) private func combine(_ i: Instruction, _ operation: (Pair, Pair) -> Pair) throws(Fault) {
    try requireSSE()
    let other = try source(i, aligned: true)
    store(operation(load(xmm(i.reg)), other), at: xmm(i.reg))
  }

  private func loadWhole(_ i: Instruction, aligned: Bool) throws(Fault) {
    try requireSSE()
    store(try source(i, aligned: aligned), at: xmm(i.reg))
  }

  private func storeWhole(_ i: Instruction, aligned: Bool) throws(Fault) {
    try requireSSE()
    let value: Pair = load(xmm(i.reg))
    guard i.isMemory else { return store(value, at: xmm(i.rm)) }
    let address = try linear(i, 16, write: true)
    if aligned && address & 15 != 0 { throw .protection }
    if let p = unsafe writeHost(address, 16) { return unsafe p.storeBytes(of: value, as: Pair.self) }
    store(value, at: VectorArea.operand)
    try write(address, 16, from: VectorArea.operand)
  }

  private func loadGeneral(_ i: Instruction) throws(Fault) {
    try requireSSE()
    let value: UInt64 =
      if i.prefixes.contains(.rexW) {
        i.isMemory ? try readOperand(i) : self[register: Int(i.rm & 15)]
      } else {
        UInt64(i.isMemory ? try readOperand(i, UInt32.self) : UInt32(truncatingIfNeeded: self[register: Int(i.rm & 15)]))
      }
    store(Pair(value, 0), at: xmm(i.reg))
  }

  private func storeGeneral(_ i: Instruction) throws(Fault) {
    try requireSSE()
    let value = load(xmm(i.reg), as: UInt64.self)
    let wide = i.prefixes.contains(.rexW)
    if !i.isMemory {
      self[register: Int(i.rm & 15)] = wide ? value : value & 0xFFFF_FFFF
    } else if wide {
      try writeOperand(i, value)
    } else {
      try writeOperand(i, UInt32(truncatingIfNeeded: value))
    }
  }

  private func loadLow(_ i: Instruction) throws(Fault) {
    try requireSSE()
    store(Pair(i.isMemory ? try readOperand(i) : load(xmm(i.rm)), 0), at: xmm(i.reg))
  }

  private func storeLow(_ i: Instruction) throws(Fault) {
    try requireSSE()
    let value = load(xmm(i.reg), as: UInt64.self)
    if i.isMemory { try writeOperand(i, value) } else { store(Pair(value, 0), at: xmm(i.rm)) }
  }

  /// PMOVMSKB.
  private func gatherSigns(_ i: Instruction) throws(Fault) {
    guard !i.isMemory else { throw .undefined }
    try requireSSE()
    var mask: UInt64 = 0
    for half in 0..<2 {
      let signs = load(xmm(i.rm) &+ half &* 8, as: UInt64.self) & 0x8080_8080_8080_8080
      mask |= ((signs &* 0x0002_0408_1020_4081) >> 56) << UInt64(half &* 8)
    }
    self[register: Int(i.reg & 15)] = mask
  }
}
