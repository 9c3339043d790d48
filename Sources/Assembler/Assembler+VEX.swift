/// Instructions behind a VEX prefix, always in its long form.
extension Assembler {
  /// How a VEX prefix chooses among the instructions of an opcode.
  public struct Extension: Equatable, Sendable {
    /// VEX.W and VEX.L.
    public var isWide: Bool
    public var isLong: Bool
    /// VEX.vvvv: a further operand, or 0 for none.
    public var source: UInt8

    public init(isWide: Bool = false, isLong: Bool = false, source: UInt8 = 0) {
      (self.isWide, self.isLong, self.source) = (isWide, isLong, source)
    }
  }

  /// Prefix, opcode, and operands but for an immediate. The opcode's map is not the one-byte map.
  public mutating func emit(_ opcode: Opcode, _ vex: Extension, _ reg: Field, _ rm: ModRM) {
    var code = InstructionBytes()
    if case .memory(let memory) = rm, memory.isInGS { code.add(0x65) }
    // R, X and B stand inverted, and so does the further operand.
    let extensions = Self.extensions(reg, rm)
    let prefix: UInt8 =
      switch opcode.prefix {
      case .none: 0
      case .operandSize: 1
      case .repeatZero: 2
      case .repeatNonzero: 3
      }
    code.add(0xC4)
    code.add(~(extensions << 5) & 0xE0 | opcode.map.rawValue)
    code.add((vex.isWide ? 0x80 : 0) | (~vex.source & 15) << 3 | (vex.isLong ? 4 : 0) | prefix)
    code.add(opcode.byte)
    Self.add(reg, rm, to: &code)
    append(code.value, code.count)
  }

  /// VZEROUPPER.
  public mutating func zeroUpper() {
    byte(0xC5)
    word(0x77F8)
  }
}

extension Assembler {
  /// LDMXCSR and STMXCSR.
  public mutating func loadControl(_ source: Memory) { emit(Opcode(0xAE, .two), .long, .digit(2), .memory(source)) }
  public mutating func storeControl(_ target: Memory) { emit(Opcode(0xAE, .two), .long, .digit(3), .memory(target)) }
}
