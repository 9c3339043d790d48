internal import Assembler

/// x87 and MMX: the host's own instructions on its own stack of registers, which is the guest's meanwhile.
///
/// With all exceptions masked nothing of them can fail but an access to memory. What FNSAVE and its like tell of the last
/// instruction is kept in the core, since the host would tell of its own.
extension BlockTranslation {
  /// Whether translated code has the instruction, or may have if no exception of x87's is unmasked.
  func isX87(_ i: Instruction) -> Bool {
    guard context.lendsX87, context.hasVectors else { return false }
    return switch i.operation { case .x87, .x87Move, .x87Compare: true default: false }
  }

  mutating func emitX87(_ i: Instruction, _ k: Int) -> Bool {
    guard isX87(i) else { return false }
    borrow(.x87, k)
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: i.prefixes.contains(.writes)), k)
      asm.emit(Opcode(i.opcode), .long, .digit(i.extension3), .memory(memory))
      noteX87Operand(i)
    } else {
      needFlags(i, k)
      asm.emit(Opcode(i.opcode), .long, .digit(i.extension3), .vector(i.rm & 7))
      noteFlags(i)
    }
    // The next one tells of itself, unless its access fails.
    if k + 1 == count || !isX87(instruction(k + 1)) || instruction(k + 1).isMemory { noteX87(i) }
    if i.isMemory { lookedUp() }
    return true
  }

  /// FNSTCW, FNSTSW, FLDCW, FNINIT, FNCLEX, FWAIT and EMMS.
  mutating func emitX87Control(_ i: Instruction, _ k: Int) -> Bool {
    guard context.lendsX87, context.hasVectors else { return false }
    borrow(.x87, k)
    switch i.operation {
    case .fnstcw, .fnstsw:
      let memory = look(MemoryAccess(operand: i, size: 2, write: true), k)
      asm.emit(Opcode(i.opcode), .long, .digit(7), .memory(memory))
      lookedUp()
    case .fldcw:
      // One that unmasks exceptions is the interpreter's. It is read once: another processor may write to it meanwhile.
      let memory = look(MemoryAccess(operand: i, size: 2, write: false), k)
      let (word, unmasks) = (Memory.gs(TranslatedState.temporary), asm.makeLabel())
      asm.emit(Opcode(0xB7, .two), .long, .register(Self.t1), .memory(memory))
      asm.store(.long, word, Self.t1)
      asm.apply(.or, .byte, .register(Self.t1), ~0x3F)
      asm.apply(.cmp, .byte, .register(Self.t1), -1)
      asm.jump(if: .notEqual, unmasks)
      slowPaths[slowPaths.count - 1].unfit = unmasks
      asm.emit(Opcode(i.opcode), .long, .digit(5), .memory(word))
      lookedUp()
    case .fninit:
      emitBytes(0xDB, 0xE3)
      asm.store(.long, .gs(VectorArea.tags), 0)
      asm.store(.quad, .gs(VectorArea.lastInstruction), 0)
      asm.store(.quad, .gs(VectorArea.lastOperand), 0)
    case .fnclex: emitBytes(0xDB, 0xE2)
    case .fnstswAX: emitBytes(0xDF, 0xE0)
    case .emms: emitBytes(0x0F, 0x77)
    default: break
    }
    return true
  }

  private mutating func emitBytes(_ first: UInt8, _ second: UInt8) {
    asm.byte(first)
    asm.byte(second)
  }

  private mutating func noteX87(_ i: Instruction) {
    // The tags lie in the same word; while the host has the true ones, those in the core mean nothing.
    asm.store(.long, .gs(VectorArea.tags), UInt64(i.x87Opcode) << 16)
    if Assembler.isSignExtended(i.address) {
      asm.store(.quad, .gs(VectorArea.lastInstruction), i.address)
    } else {
      asm.move(Self.t1, i.address)
      asm.store(.gs(VectorArea.lastInstruction), Self.t1)
    }
  }
}
