internal import Assembler

/// The few instructions of systems that are as frequent as arithmetic.
extension BlockTranslation {
  private var systemFlags: Memory { .gs(Core.Field.systemFlags.rawValue) }

  /// PUSHFQ: flags that the core has, and those that the host has.
  mutating func emitPushFlags(_ k: Int) {
    saveFlags()
    asm.emit(Opcode(0xB6, .two), .long, .register(Self.t0), .memory(.gs(TranslatedState.flags + 1)))
    asm.emit(Opcode(0xB6, .two), .long, .register(Self.t1), .memory(.gs(TranslatedState.flags)))
    asm.shift(.shl, .long, .register(Self.t1), by: 11)
    asm.apply(.or, .long, Self.t0, .register(Self.t1))
    asm.load(.long, Self.t1, systemFlags)
    asm.apply(.and, .long, .register(Self.t1), Int32(truncatingIfNeeded: ~(Flags.arithmetic | Flags.rf | Flags.vm)))
    asm.apply(.or, .long, Self.t0, .register(Self.t1))
    asm.store(.gs(TranslatedState.secondTemporary), Self.t0)
    emitPushTemporary(k, lookups: 1)
  }

  /// POPF where only arithmetic flags change, and in ring 0 the interrupt flag; as with STI nothing may wait for that.
  mutating func emitPopFlags(_ i: Instruction, _ k: Int) -> Bool {
    guard i.width == context.word.rawValue, !context.countsInstructions else { return false }
    let (miss, done, same, closed) = (asm.makeLabel(), asm.makeLabel(), asm.makeLabel(), asm.makeLabel())
    flagsInHost = false
    let from = look(MemoryAccess(.rsp, 0, size: Int(slot), write: false), k)
    asm.load(context.word, Self.t0, from)
    asm.move(.long, Self.t1, .register(Self.t0))
    asm.apply(.xor, .long, Self.t1, .memory(systemFlags))
    asm.apply(.and, .long, .register(Self.t1), Int32(truncatingIfNeeded: ~(Flags.arithmetic | 2)))
    asm.jump(if: .equal, same)
    if context.set == 0 {
      asm.jump(miss)
    } else {
      asm.apply(.cmp, .long, .register(Self.t1), Int32(Flags.interrupts))
      asm.jump(if: .notEqual, miss)
      asm.test(.long, .register(Self.t0), Int32(Flags.interrupts))
      asm.jump(if: .equal, closed)
      asm.apply(.cmp, .long, .memory(.gs(Core.Field.deferred.rawValue)), 0)
      asm.jump(if: .notEqual, miss)
      asm.place(closed)
      asm.apply(.xor, .long, .memory(systemFlags), Int32(Flags.interrupts))
    }
    asm.place(same)
    // OF to bit 0, the others to the second byte.
    asm.move(.long, Self.t1, .register(Self.t0))
    asm.shift(.shl, .long, .register(Self.t0), by: 8)
    asm.shift(.shr, .long, .register(Self.t1), by: 11)
    asm.apply(.and, .long, .register(Self.t1), 1)
    asm.apply(.and, .long, .register(Self.t0), 0xD500)
    asm.apply(.or, .long, Self.t0, .register(Self.t1))
    asm.store(.long, .gs(TranslatedState.flags), Self.t0)
    moveStack(by: slot)
    asm.place(done)
    flagsSaved = true
    lookedUp()
    leaveToHelper(from: miss, to: done, k)
    return true
  }

  /// CLI and STI of ring 0, which may. STI looks whether an interrupt waited for it, and holds one back until the next
  /// instruction is over.
  mutating func emitInterruptFlag(_ i: Instruction, _ k: Int) -> Bool {
    // Where time is counted STI ends a block, as it does for the interpreter: something may be due there.
    guard context.set != 0, i.operation == .cli || !context.countsInstructions else { return false }
    giveUpFlags(before: k)
    if i.operation == .cli {
      asm.apply(.and, .long, .memory(systemFlags), Int32(truncatingIfNeeded: ~Flags.interrupts))
      return true
    }
    let (miss, done) = (asm.makeLabel(), asm.makeLabel())
    emitJump(ifSet: Flags.interrupts, done)
    asm.apply(.cmp, .long, .memory(.gs(Core.Field.deferred.rawValue)), 0)
    asm.jump(if: .notEqual, miss)
    asm.apply(.or, .long, .memory(systemFlags), Int32(truncatingIfNeeded: Flags.interrupts))
    asm.move(Self.t0, i.next)
    asm.store(.gs(Core.Field.shadow.rawValue), Self.t0)
    asm.place(done)
    leaveToHelper(from: miss, to: done, k)
    return true
  }

  mutating func emitJump(ifSet flag: UInt64, _ label: Label) {
    asm.test(.long, .memory(systemFlags), Int32(truncatingIfNeeded: flag))
    asm.jump(if: .notEqual, label)
  }

  /// CLC, STC and CMC are the host's own; CLD and STD change a flag that the core keeps.
  mutating func emitFlagControl(_ i: Instruction, _ k: Int) {
    guard i.operation == .cld || i.operation == .std else {
      restoreFlags()
      asm.byte(i.opcode)
      (flagsInHost, flagsSaved) = (true, false)
      return
    }
    giveUpFlags(before: k)
    if i.operation == .cld {
      asm.apply(.and, .long, .memory(systemFlags), Int32(truncatingIfNeeded: ~Flags.df))
    } else {
      asm.apply(.or, .long, .memory(systemFlags), Int32(truncatingIfNeeded: Flags.df))
    }
  }

  /// STAC and CLAC of ring 0. Where they open or close the user's pages to it, code goes on with another set of
  /// translation tables: they are the last of their block.
  mutating func emitAccessControl(_ i: Instruction, _ k: Int) -> Bool {
    guard context.set != 0, !context.countsInstructions else { return false }
    giveUpFlags(before: k)
    let opens = i.operation == .stac
    let (miss, done) = (asm.makeLabel(), asm.makeLabel())
    asm.test(.long, .memory(.gs(Core.Field.cr4.rawValue)), Int32(CR4.accessPrevention))
    asm.jump(if: .equal, miss)
    asm.apply(opens ? .or : .and, .long, .memory(systemFlags), Int32(truncatingIfNeeded: opens ? Flags.ac : ~Flags.ac))
    let set = opens ? 2 : 1
    if set != context.set { emitSelectingTranslations(set) }
    asm.place(done)
    leaveToHelper(from: miss, to: done, k)
    return true
  }

  /// As Core.selectTranslations does.
  private mutating func emitSelectingTranslations(_ set: Int) {
    let tables: [(Core.Field, SoftTLB.Use)] = [(.readTable, .read), (.writeTable, .write), (.executeTable, .execute)]
    for (field, use) in tables { asm.store(.quad, .gs(field.rawValue), UInt64(SoftTLB.table(set, use))) }
    asm.store(.quad, .gs(Core.Field.mode.rawValue), context.mode & ~Mode.translations | UInt64(set) << Mode.translationsShift)
  }

  /// RDTSC and RDTSCP, where everybody may: the clock is asked.
  mutating func emitTime(_ i: Instruction, _ k: Int) -> Bool {
    guard !context.countsInstructions else { return false }
    giveUpFlags(before: k)
    storeVectors()
    vectors = VectorRegisters()
    let (miss, done) = (asm.makeLabel(), asm.makeLabel())
    asm.test(.byte, .memory(.gs(Core.Field.cr4.rawValue)), Int32(CR4.timeStampDisabled))
    asm.jump(if: .notEqual, miss)
    let resume = asm.makeLabel()
    asm.loadAddress(Self.t1, of: resume)
    asm.jump(toDistance: context.stubs.readTime - origin)
    asm.place(resume)
    if i.operation == .rdtscp { asm.load(.long, .rcx, .gs(Core.Field.tscAux.rawValue)) }
    asm.place(done)
    leaveToHelper(from: miss, to: done, k)
    return true
  }
}
