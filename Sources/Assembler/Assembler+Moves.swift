extension Assembler {
  public mutating func move(_ width: Width, _ target: Register, _ source: ModRM) {
    emit(Opcode(width == .byte ? 0x8A : 0x8B), width, .register(target), source)
  }
  public mutating func move(_ target: Register, _ source: Register) { move(.quad, target, .register(source)) }
  public mutating func load(_ width: Width, _ target: Register, _ source: Memory) { move(width, target, .memory(source)) }
  public mutating func load(_ target: Register, _ source: Memory) { load(.quad, target, source) }
  public mutating func store(_ width: Width, _ target: Memory, _ source: Register) {
    emit(Opcode(width == .byte ? 0x88 : 0x89), width, .register(source), .memory(target))
  }
  public mutating func store(_ target: Memory, _ source: Register) { store(.quad, target, source) }

  /// The shortest way to a constant that leaves the flags alone.
  public mutating func move(_ target: Register, _ value: UInt64) {
    if value >> 32 == 0 {
      if target.rawValue >= 8 { byte(0x41) }
      byte(0xB8 | target.rawValue & 7)
      long(Int32(truncatingIfNeeded: value))
    } else if Self.isSignExtended(value) {
      emit(Opcode(0xC7), .quad, .digit(0), .register(target))
      long(Int32(truncatingIfNeeded: value))
    } else {
      byte(target.rawValue >= 8 ? 0x49 : 0x48)
      byte(0xB8 | target.rawValue & 7)
      quad(value)
    }
  }

  /// Stores a constant, of eight bytes only if its upper half is the sign of the lower.
  public mutating func store(_ width: Width, _ target: Memory, _ value: UInt64) {
    emit(Opcode(width == .byte ? 0xC6 : 0xC7), width, .digit(0), .memory(target))
    immediate(value, width)
  }

  public mutating func loadAddress(_ width: Width, _ target: Register, _ source: Memory) {
    emit(Opcode(0x8D), width, .register(target), .memory(source))
  }
  public mutating func loadAddress(_ target: Register, _ source: Memory) { loadAddress(.quad, target, source) }

  public static func isSignExtended(_ value: UInt64) -> Bool {
    Int64(bitPattern: value) == Int64(Int32(truncatingIfNeeded: value))
  }
}
