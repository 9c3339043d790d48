internal import Assembler

extension BlockTranslation {
  /// MUL and IMUL of RAX.
  mutating func emitMultiply(_ i: Instruction, _ k: Int) {
    emitOnAccumulator(i, k, digit: i.operation == .mul ? 4 : 5)
  }

  private mutating func emitOnAccumulator(_ i: Instruction, _ k: Int, digit: UInt8) {
    let opcode = Opcode(i.width == 1 ? 0xF6 : 0xF7)
    let width = self.width(i)
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: false), k)
      asm.emit(opcode, width, .digit(digit), .memory(memory))
      noteFlags(i)
      lookedUp()
    } else {
      asm.emit(opcode, width, .digit(digit), source(i.destination))
      noteFlags(i)
    }
  }

  /// IMUL with two or three operands.
  mutating func emitMultiplyInto(_ i: Instruction, _ k: Int) {
    guard i.operation == .imulThree else { return emitInto(i, k, Opcode(0xAF, .two), size: Int(i.width), keeps: true) }
    let isShort = i.opcode == 0x6B
    emitInto(i, k, Opcode(i.opcode), size: Int(i.width), immediate: isShort ? .byte : width(i))
  }

  /// DIV and IDIV whose quotient is known to fit: an upper half less than the divisor, or of the sign alone and a
  /// divisor that is neither 0 nor -1. The host never raises #DE.
  mutating func emitDivide(_ i: Instruction, _ k: Int) -> Bool {
    guard i.width >= 4 else { return false }
    let width = self.width(i)
    let (miss, done) = (asm.makeLabel(), asm.makeLabel())
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: false), k)
      asm.load(width, Self.t0, memory)
    } else {
      giveUpFlags(before: k)
      asm.move(width, Self.t0, source(i.destination))
    }
    if i.operation == .div {
      asm.apply(.cmp, width, .rdx, .register(Self.t0))
      asm.jump(if: .notBelow, miss)
    } else {
      asm.move(width, Self.t1, .register(.rax))
      asm.shift(.sar, width, .register(Self.t1), by: width == .quad ? 63 : 31)
      asm.apply(.cmp, width, Self.t1, .register(.rdx))
      asm.jump(if: .notEqual, miss)
      asm.loadAddress(width, Self.t1, Memory(Self.t0, displacement: 1))
      asm.apply(.cmp, width, .register(Self.t1), 1)
      asm.jump(if: .notAbove, miss)
    }
    asm.emit(Opcode(0xF7), width, .digit(i.operation == .div ? 6 : 7), .register(Self.t0))
    asm.place(done)
    if i.isMemory { lookedUp() }
    leaveToHelper(from: miss, to: done, k)
    return true
  }
}
