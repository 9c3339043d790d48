/// The eight operations of the first opcodes, by their number there.
public enum Arithmetic: UInt8, CaseIterable, Sendable {
  case add, or, adc, sbb, and, sub, xor, cmp
}

/// Shifts and rotations by their number in opcodes.
public enum Shift: UInt8, CaseIterable, Sendable {
  case rol = 0, ror, rcl, rcr, shl, shr, sar = 7
}

extension Assembler {
  public mutating func apply(_ operation: Arithmetic, _ width: Width, _ target: Register, _ source: ModRM) {
    emit(Opcode(operation.rawValue << 3 | (width == .byte ? 2 : 3)), width, .register(target), source)
  }
  public mutating func apply(_ operation: Arithmetic, _ target: Register, _ source: ModRM) { apply(operation, .quad, target, source) }

  public mutating func apply(_ operation: Arithmetic, _ width: Width, _ target: ModRM, _ value: Int32) {
    if width == .byte {
      emit(Opcode(0x80), width, .digit(operation.rawValue), target)
      byte(UInt8(truncatingIfNeeded: value))
    } else if value >= -128 && value < 128 {
      emit(Opcode(0x83), width, .digit(operation.rawValue), target)
      byte(UInt8(truncatingIfNeeded: value))
    } else {
      emit(Opcode(0x81), width, .digit(operation.rawValue), target)
      immediate(UInt64(truncatingIfNeeded: value), width)
    }
  }

  public mutating func shift(_ operation: Shift, _ width: Width, _ target: ModRM, by count: UInt8) {
    emit(Opcode(width == .byte ? 0xC0 : 0xC1), width, .digit(operation.rawValue), target)
    byte(count)
  }

  public mutating func test(_ width: Width, _ a: Register, _ b: ModRM) {
    emit(Opcode(width == .byte ? 0x84 : 0x85), width, .register(a), b)
  }

  /// TEST of an operand's bits that are set in a constant.
  public mutating func test(_ width: Width, _ target: ModRM, _ value: Int32) {
    emit(Opcode(width == .byte ? 0xF6 : 0xF7), width, .digit(0), target)
    immediate(UInt64(truncatingIfNeeded: value), width)
  }

  public mutating func set(_ condition: Condition, _ target: ModRM) {
    emit(Opcode(0x90 | condition.rawValue, .two), .byte, .digit(0), target)
  }

  /// SF, ZF, AF, PF and CF to AH, and back.
  public mutating func lahf() { byte(0x9F) }
  public mutating func sahf() { byte(0x9E) }
}
