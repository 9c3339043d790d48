internal import Assembler

extension BlockTranslation {
  /// MOVZX, MOVSX and MOVSXD.
  mutating func emitExtension(_ i: Instruction, _ k: Int) {
    let opcode =
      switch i.operation {
      case .moveZero8: Opcode(0xB6, .two)
      case .moveZero16: Opcode(0xB7, .two)
      case .moveSign8: Opcode(0xBE, .two)
      case .moveSign16: Opcode(0xBF, .two)
      default: Opcode(0x63)
      }
    emitInto(i, k, opcode, size: accessSize(i))
  }

  /// An instruction with its target in `reg`, and a source in `rm` that may be memory.
  ///
  /// - Parameter keeps: what was in the target matters, or may stay there.
  mutating func emitInto(_ i: Instruction, _ k: Int, _ opcode: Opcode, size: Int, keeps: Bool = false, immediate: Width? = nil) {
    var from: ModRM
    if i.isMemory {
      from = .memory(look(MemoryAccess(operand: i, size: size, write: false), k))
    } else {
      from = source(i.source)
    }
    needFlags(i, k)
    let target = place(i.destination, Self.t1, isRead: keeps || i.width < 4)
    asm.emit(opcode, width(i), target.field, from, hasByte: size == 1)
    if let immediate { asm.immediate(i.immediate, immediate) }
    noteFlags(i)
    written(target)
    if i.isMemory { lookedUp() }
  }

  mutating func emitLea(_ i: Instruction) {
    if i.width >= 4 && i.addressWidth == context.word.rawValue {
      let isRead = i.base == i.destination || i.index == i.destination
      let target = place(i.destination, Self.t0, isRead: isRead)
      emitOffset(i, width(i), to: target.register)
      return written(target)
    }
    emitOffset(i, to: Self.t1)
    let target = place(i.destination, Self.t0)
    asm.move(width(i), target.register, .register(Self.t1))
    written(target)
  }

  mutating func emitSet(_ i: Instruction, _ k: Int) {
    let condition = Condition(number: i.condition)
    onOperand(i, k, size: 1, reads: false, writes: true) { block, target in block.asm.set(condition, target) }
  }

  /// XCHG, which in memory is one step for everybody; XADD and CMPXCHG.
  mutating func emitExchange(_ i: Instruction, _ k: Int) -> Bool {
    let opcode: Opcode =
      switch i.operation {
      case .exchange: Opcode(0x86)
      case .exchangeAdd: Opcode(0xC0, .two)
      default: Opcode(0xB0, .two)
      }
    let width = self.width(i)
    let whole = Opcode(opcode.byte | (width == .byte ? 0 : 1), opcode.map)
    let givesBack = i.operation != .compareExchange
    if i.isMemory {
      if usesHighBytes(i) { return false }
      let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: true), k)
      let value = place(i.source, Self.t1)
      asm.emit(whole, width, value.field, .memory(memory), isLocked: i.prefixes.contains(.lock))
      noteFlags(i)
      if givesBack { written(value) }
      lookedUp()
    } else {
      let (target, value) = (place(i.destination, Self.t0), place(i.source, Self.t1))
      // Of one register with itself there is one copy.
      asm.emit(whole, width, value.field, target.home != nil && i.destination == i.source ? value.operand : target.operand)
      noteFlags(i)
      if givesBack, i.destination != i.source { written(value) }
      written(i.destination == i.source ? RegisterPlace(register: Self.t1, home: target.home) : target)
    }
    return true
  }

  /// CMPXCHG8B and CMPXCHG16B; only the latter's operand must be aligned.
  mutating func emitExchangePair(_ i: Instruction, _ k: Int) {
    let isWide = i.width == 8
    let memory = look(MemoryAccess(operand: i, size: isWide ? 16 : 8, write: true), k, aligned: isWide)
    needFlags(i, k)
    asm.emit(Opcode(0xC7, .two), isWide ? .quad : .long, .digit(1), .memory(memory), isLocked: i.prefixes.contains(.lock))
    noteFlags(i)
    lookedUp()
  }

  mutating func emitByteSwap(_ i: Instruction) {
    let target = place(i.destination, Self.t0)
    // BSWAP has its register in the opcode.
    let number = target.register.rawValue
    asm.byte(0x40 | (i.width == 8 ? 8 : 0) | number >> 3)
    asm.word(0x0F | UInt16(0xC8 | number & 7) << 8)
    written(target)
  }

  /// CBW, CWDE, CDQE; CWD, CDQ, CQO.
  mutating func emitAccumulator(_ i: Instruction) {
    if i.width == 2 { asm.byte(0x66) } else if i.width == 8 { asm.byte(0x48) }
    asm.byte(i.operation == .convert ? 0x98 : 0x99)
  }
}
