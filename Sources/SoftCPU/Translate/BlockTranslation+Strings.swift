internal import Assembler

/// MOVS, STOS and LODS upwards; of the repeated ones MOVS and STOS within one page each: the host's own, on the page's place.
/// All else is the interpreter's.
extension BlockTranslation {
  /// False if the instruction is none of these.
  mutating func emitString(_ i: Instruction, _ k: Int) -> Bool {
    guard i.addressWidth == context.word.rawValue, i.segment == .flat else { return false }
    if i.prefixes.isDisjoint(with: .repeated) {
      emitSingle(i, k)
      return true
    }
    return i.operation != .loadString && emitRepeated(i, k)
  }

  private mutating func emitSingle(_ i: Instruction, _ k: Int) {
    let size = Int(i.width), width = self.width(i)
    let (miss, done) = (asm.makeLabel(), asm.makeLabel())
    giveUpFlags(before: k)
    emitJump(ifSet: Flags.df, miss)
    var lookups = 0
    if i.operation != .storeString {
      let from = look(MemoryAccess(.rsi, 0, size: size, write: false), k)
      lookups += 1
      if i.operation == .loadString {
        asm.load(width, .rax, from)
      } else {
        asm.load(width, Self.t1, from)
        asm.store(.gs(TranslatedState.secondTemporary), Self.t1)
      }
    }
    if i.operation != .loadString {
      let to = look(MemoryAccess(.rdi, 0, size: size, write: true), k)
      lookups += 1
      if i.operation == .moveString { asm.load(Self.t1, .gs(TranslatedState.secondTemporary)) }
      asm.store(width, to, i.operation == .moveString ? Self.t1 : .rax)
      asm.loadAddress(context.word, .rdi, Memory(.rdi, displacement: Int32(size)))
    }
    if i.operation != .storeString { asm.loadAddress(context.word, .rsi, Memory(.rsi, displacement: Int32(size))) }
    asm.place(done)
    lookedUp(lookups)
    leaveToHelper(from: miss, to: done, k)
  }

  private mutating func emitRepeated(_ i: Instruction, _ k: Int) -> Bool {
    let size = Int(i.width), moves = i.operation == .moveString
    let (miss, done) = (asm.makeLabel(), asm.makeLabel())
    giveUpFlags(before: k)
    emitJump(ifSet: Flags.df, miss)
    // No count of zero, nor one beyond a page; all 64 bits of RCX count for the host.
    asm.loadAddress(Self.t1, Memory(.rcx, displacement: -1))
    asm.apply(.cmp, .quad, .register(Self.t1), Int32(4096 / size - 1))
    asm.jump(if: .above, miss)
    if moves {
      _ = look(MemoryAccess(.rsi, 0, size: size, write: false), k)
      emitEndCheck(size, miss)
      asm.store(.gs(TranslatedState.secondTemporary), Self.t0)
    }
    _ = look(MemoryAccess(.rdi, 0, size: size, write: true), k)
    emitEndCheck(size, miss)
    // The guest's RDI waits in T1, and RSI in the core, while the host's lead to the host's memory.
    asm.move(Self.t1, .rdi)
    asm.move(.rdi, Self.t0)
    if moves {
      asm.store(.gs(Core.Field.rsi.rawValue), .rsi)
      asm.load(.rsi, .gs(TranslatedState.secondTemporary))
    }
    asm.byte(0xF3)
    if size == 2 { asm.byte(0x66) } else if size == 8 { asm.byte(0x48) }
    asm.byte((moves ? 0xA4 : 0xAA) | (size == 1 ? 0 : 1))
    // Both moved by as much.
    asm.apply(.sub, .rdi, .register(Self.t0))
    if moves {
      asm.load(.rsi, .gs(Core.Field.rsi.rawValue))
      asm.loadAddress(context.word, .rsi, Memory(.rsi, index: .rdi))
    }
    asm.loadAddress(context.word, .rdi, Memory(Self.t1, index: .rdi))
    asm.place(done)
    lookedUp(moves ? 2 : 1)
    leaveToHelper(from: miss, to: done, k)
    return true
  }

  /// Leaves unless RCX elements from T0 on, which is a place on the host, lie in its page.
  private mutating func emitEndCheck(_ size: Int, _ miss: Label) {
    asm.move(.long, Self.t1, .register(Self.t0))
    asm.apply(.and, .long, .register(Self.t1), 4095)
    asm.loadAddress(.long, Self.t1, Memory(Self.t1, index: .rcx, scale: UInt8(size.trailingZeroBitCount)))
    asm.apply(.cmp, .long, .register(Self.t1), 4096)
    asm.jump(if: .above, miss)
  }
}
