internal import Assembler

/// x87 and MMX: the host's own instructions on its own stack of registers, which is the guest's meanwhile.
///
/// With all exceptions masked nothing of them can fail but an access to memory. What FNSAVE and its like tell of the last
/// instruction is kept in the core, since the host would tell of its own.
extension BlockTranslation {
  /// Whether translated code has the instruction, or may have if no exception of x87's is unmasked.
  func isX87(_ i: Instruction) -> Bool {
    guard context.hasX87 else { return false }
    return switch i.operation { case .x87, .x87Move, .x87Compare: true default: false }
  }

  mutating func emitX87(_ i: Instruction, _ k: Int) -> Bool {
    guard isX87(i) else { return false }
    borrow(.x87, k)
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: i.prefixes.contains(.writes)), k)
      emitOnHost(i, .memory(memory))
      noteX87Operand(i)
    } else {
      needFlags(i, k)
      emitOnHost(i, .vector(i.rm & 7))
      noteFlags(i)
    }
    // The next one tells of itself, unless its access fails.
    if k + 1 == count || !isX87(instruction(k + 1)) || instruction(k + 1).isMemory { noteX87(i) }
    if i.isMemory { lookedUp() }
    return true
  }

  /// FNSTCW, FNSTSW, FLDCW, FNINIT, FNCLEX, FWAIT and EMMS.
  mutating func emitX87Control(_ i: Instruction, _ k: Int) -> Bool {
    guard context.hasX87 else { return false }
    borrow(.x87, k)
    switch i.operation {
    case .fnstcw, .fnstsw:
      let memory = look(MemoryAccess(operand: i, size: 2, write: true), k)
      emitOnHost(i, .memory(memory))
      lookedUp()
    case .fldcw:
      // One that unmasks exceptions is the interpreter's. It is read once: another processor may write to it meanwhile.
      let memory = look(MemoryAccess(operand: i, size: 2, write: false), k)
      let (word, unmasks) = (Memory.gs(TranslatedState.temporary), asm.makeLabel())
      asm.emit(Opcode(0xB7, .two), .long, .register(Self.t1), .memory(memory))
      asm.store(.long, word, Self.t1)
      TranslationStubs.emitMaskCheck(&asm, Self.t1, otherwise: unmasks)
      slowPaths[slowPaths.count - 1].unfit = unmasks
      emitOnHost(i, .memory(word))
      lookedUp()
    case .fninit:
      emitOnHost(i, .vector(i.rm & 7))
      asm.store(.long, .gs(VectorArea.tags), 0)
      asm.store(.quad, .gs(VectorArea.lastInstruction), 0)
      asm.store(.quad, .gs(VectorArea.lastOperand), 0)
    case .fnclex, .fnstswAX: emitOnHost(i, .vector(i.rm & 7))
    case .emms:
      asm.byte(0x0F)
      asm.byte(0x77)
    default: break
    }
    return true
  }

  /// The same instruction of the host. The registers of its stack are numbered as they are here.
  private mutating func emitOnHost(_ i: Instruction, _ operand: ModRM) {
    asm.emit(Opcode(i.opcode), .long, .digit(i.extension3), operand)
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
