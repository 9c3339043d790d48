internal import Assembler

/// Segment registers, as far as 64-bit code reads them and moves their bases, and as 32-bit code uses FS and GS.
extension BlockTranslation {
  private func selector(_ segment: Segment) -> Memory { .gs(segment.place + 20) }
  private func base(_ segment: Segment) -> Memory { .gs(segment.place) }

  /// FS and GS of 32-bit code lead to what belongs to a thread or a processor, by a base of their own and with no limit
  /// to speak of. The interpreter executes instruction `k` if the segment is another, or its operand lies over 4 GiB. False if
  /// that is known here.
  mutating func needWholeSegment(_ i: Instruction, _ k: Int) -> Bool {
    switch i.operation.plain {
    case .lea, .nop, .prefetch: return true
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: guard i.hasImmediate else { return false }
    default: break
    }
    let size = i.operation == .compareExchangePair ? 2 * Int(i.width) : accessSize(i)
    let last = 0xFFFF_FFFF - UInt64(size - 1)
    let isConstant = i.base == 128 && i.index == 128
    if isConstant, i.displacement & 0xFFFF_FFFF > last { return false }
    giveUpFlags(before: k)
    let (miss, ready) = (asm.makeLabel(), asm.makeLabel())
    asm.apply(.cmp, .byte, .memory(.gs(i.segment.wholePlace)), 0)
    asm.jump(if: .equal, miss)
    if !isConstant {
      emitOffset(i, to: Self.t0)
      asm.apply(.cmp, .long, .register(Self.t0), Int32(-size))
      asm.jump(if: .above, miss)
    }
    asm.place(ready)
    loans.append(Loan(state: nil, miss: miss, ready: ready, k: k, vectors: vectors))
    return true
  }

  /// MOV of a segment register's selector to a register or memory.
  mutating func emitSelector(_ i: Instruction, _ k: Int) -> Bool {
    let from = selector(i.namedSegment)
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: 2, write: true), k)
      asm.emit(Opcode(0xB7, .two), .long, .register(Self.t1), .memory(from))
      asm.store(.word, memory, Self.t1)
      lookedUp()
    } else if i.width == 2 {
      let target = place(i.rm &* 8, Self.t0)
      asm.load(.word, target.register, from)
      written(target)
    } else {
      let target = place(i.rm &* 8, Self.t0, isRead: false)
      asm.emit(Opcode(0xB7, .two), .long, target.field, .memory(from))
      written(target)
    }
    return true
  }

  /// SWAPGS of ring 0.
  mutating func emitSwap() -> Bool {
    guard context.set != 0, context.is64Bit else { return false }
    let (now, other) = (base(.gs), Memory.gs(Core.Field.kernelGSBase.rawValue))
    asm.load(Self.t0, now)
    asm.load(Self.t1, other)
    asm.store(now, Self.t1)
    asm.store(other, Self.t0)
    return true
  }

  /// RDFSBASE and RDGSBASE.
  mutating func emitReadingBase(_ i: Instruction, _ k: Int, _ segment: Segment) {
    ifAllowed(k) { block, _ in
      let target = block.place(i.rm &* 8, Self.t0, isRead: false)
      block.asm.load(block.width(i), target.register, block.base(segment))
      block.written(target)
    }
  }

  /// WRFSBASE and WRGSBASE.
  mutating func emitWritingBase(_ i: Instruction, _ k: Int, _ segment: Segment) {
    ifAllowed(k) { block, miss in
      block.asm.move(block.width(i), Self.t0, block.source(i.rm &* 8))
      TranslationStubs.emitAddressCheck(&block.asm, otherwise: miss)
      block.asm.store(block.base(segment), Self.t0)
    }
  }

  /// What the system may have forbidden to everybody.
  private mutating func ifAllowed(_ k: Int, _ body: (inout BlockTranslation, Label) -> Void) {
    giveUpFlags(before: k)
    let (miss, done) = (asm.makeLabel(), asm.makeLabel())
    asm.test(.long, .memory(.gs(Core.Field.cr4.rawValue)), Int32(CR4.segmentBases))
    asm.jump(if: .equal, miss)
    body(&self, miss)
    asm.place(done)
    leaveToHelper(from: miss, to: done, k)
  }
}
