internal import Assembler

extension BlockTranslation {
  /// Shifts and rotations by one, by a constant and by CL.
  mutating func emitShift(_ i: Instruction, _ k: Int) {
    let digit: Shift =
      switch i.operation {
      case .rol: .rol
      case .ror: .ror
      case .rcl: .rcl
      case .rcr: .rcr
      case .shl: .shl
      case .shr: .shr
      default: .sar
      }
    let width = self.width(i)
    let opcode: UInt8 = i.usesCL ? 0xD2 : i.immediate == 1 ? 0xD0 : 0xC0
    onOperand(i, k, size: Int(i.width), reads: true, writes: true) { block, target in
      block.asm.emit(Opcode(opcode | (width == .byte ? 0 : 1)), width, .digit(digit.rawValue), target)
      if opcode == 0xC0 { block.asm.byte(UInt8(truncatingIfNeeded: i.immediate)) }
    }
  }

  /// SHLD and SHRD.
  mutating func emitDoubleShift(_ i: Instruction, _ k: Int) {
    let opcode = Opcode((i.operation == .shld ? 0xA4 : 0xAC) | (i.usesCL ? 1 : 0), .two)
    let width = self.width(i)
    let other = i.reg &* 8
    onOperand(i, k, size: Int(i.width), reads: true, writes: true) { block, target in
      let value = block.place(other, Self.t1)
      block.asm.emit(opcode, width, value.field, target)
      if !i.usesCL { block.asm.byte(UInt8(truncatingIfNeeded: i.immediate)) }
    }
  }

  /// BT, BTS, BTR and BTC. A bit number in a register that is beyond an operand in memory reaches other memory.
  mutating func emitBitTest(_ i: Instruction, _ k: Int) {
    let isRegister = !i.hasImmediate
    let kind: UInt8 =
      switch i.operation {
      case .bitTest: 0
      case .bitTestSet: 1
      case .bitTestReset: 2
      default: 3
      }
    let width = self.width(i)
    if i.isMemory && isRegister {
      let memory = look(MemoryAccess(bitOf: i, write: kind != 0), k)
      asm.move(.long, Self.t1, source(i.reg &* 8))
      asm.apply(.and, .long, .register(Self.t1), Int32(width.rawValue) * 8 - 1)
      needFlags(i, k, usingT1: false)
      asm.emit(Opcode(0xA3 | kind << 3, .two), width, .register(Self.t1), .memory(memory), isLocked: i.prefixes.contains(.lock))
      noteFlags(i)
      return lookedUp()
    }
    onOperand(i, k, size: Int(i.width), reads: true, writes: kind != 0) { block, target in
      if isRegister {
        let number = block.place(i.reg &* 8, Self.t1)
        block.asm.emit(Opcode(0xA3 | kind << 3, .two), width, number.field, target)
      } else {
        block.asm.emit(Opcode(0xBA, .two), width, .digit(4 | kind), target, isLocked: i.prefixes.contains(.lock))
        block.asm.byte(UInt8(truncatingIfNeeded: i.immediate))
      }
    }
  }

  /// BSF and BSR leave the target as it was if there is no bit, on all processors.
  mutating func emitScan(_ i: Instruction, _ k: Int) {
    let from: ModRM = i.isMemory
      ? .memory(look(MemoryAccess(operand: i, size: Int(i.width), write: false), k)) : source(i.source)
    let wide: Width = i.width == 2 ? .word : .quad
    asm.emit(Opcode(i.operation == .scanForward ? 0xBC : 0xBD, .two), width(i), .register(Self.t1), from)
    let target = place(i.destination, Self.t0)
    asm.emit(Opcode(0x45, .two), wide, target.field, .register(Self.t1))
    noteFlags(i)
    written(target)
    if i.isMemory { lookedUp() }
  }

  /// POPCNT, TZCNT and LZCNT.
  mutating func emitCount(_ i: Instruction, _ k: Int) {
    let byte: UInt8 =
      switch i.operation {
      case .popcnt: 0xB8
      case .tzcnt: 0xBC
      default: 0xBD
      }
    emitInto(i, k, Opcode(byte, .two, .repeatZero), size: Int(i.width))
  }
}
