internal import Assembler

extension BlockTranslation {
  mutating func emitConditionalJump(_ i: Instruction, _ k: Int) {
    needFlags(i, k)
    let condition: Condition =
      switch i.operation {
      case .jumpIfZero: .equal
      case .jumpUnlessZero: .notEqual
      default: Condition(number: i.condition)
      }
    sideEdge(condition, after: k + 1, to: i.immediate, from: i.address)
  }

  /// LOOP and JCXZ, which leave the flags alone, and so must their code: the host's JRCXZ jumps over a jump.
  mutating func emitCountedJump(_ i: Instruction, _ k: Int) -> Bool {
    guard i.addressWidth >= 4, !context.countsInstructions else { return false }
    let isLong = i.addressWidth == 8
    let isLive = isLiveAt(i.immediate), isNear = mayJumpNear(i.immediate, from: i.address)
    if isLive { isNear ? restoreFlags() : saveFlags() }
    if i.operation == .loop { asm.loadAddress(isLong ? .quad : .long, .rcx, Memory(.rcx, displacement: -1)) }
    if !isLong { asm.byte(0x67) }
    asm.word(i.operation == .loop ? 0x05E3 : 0x02E3)
    // JCXZ goes on two bytes behind, at the long jump, and else over it.
    if i.operation == .jcxz { asm.word(0x05EB) }
    let site = asm.jump(toDistance: 0)
    edges.append(Edge(target: i.immediate, site: site, isNear: isNear, flags: !isLive ? .nowhere : isNear ? .host : .saved))
    return true
  }

  mutating func emitCall(_ i: Instruction, _ k: Int) {
    emitPushingReturn(i, k)
    edge(after: k + 1, to: i.immediate, from: i.address, isLiveAfter[k])
  }

  private mutating func emitPushingReturn(_ i: Instruction, _ k: Int, lookups: Int = 1) {
    let isShort = !context.is64Bit || Assembler.isSignExtended(i.next)
    let memory = look(push, k)
    if isShort {
      asm.store(context.word, memory, i.next)
    } else {
      asm.move(Self.t1, i.next)
      asm.store(memory, Self.t1)
    }
    moveStack(by: -slot)
    lookedUp(lookups)
  }

  mutating func emitReturn(_ i: Instruction, _ k: Int) {
    saveFlags()
    let memory = look(MemoryAccess(.rsp, 0, size: Int(slot), write: false), k)
    asm.load(context.word, Self.t0, memory)
    let unknown = emitTargetLookup()
    let dropped = Int32(truncatingIfNeeded: i.immediate)
    moveStack(by: slot + dropped)
    passTime(k + 1)
    asm.jump(to: .memory(.gs(context.targets + 8, index: Self.t1)))
    lookedUp()
    leaveForGood(from: unknown, k, isReturn: dropped == 0 && context.is64Bit && !context.countsInstructions)
  }

  mutating func emitIndirectJump(_ i: Instruction, _ k: Int) {
    saveFlags()
    emitTarget(i, k)
    let unknown = emitTargetLookup()
    passTime(k + 1)
    asm.jump(to: .memory(.gs(context.targets + 8, index: Self.t1)))
    if i.isMemory { lookedUp() }
    leaveForGood(from: unknown, k)
  }

  mutating func emitIndirectCall(_ i: Instruction, _ k: Int) {
    saveFlags()
    emitTarget(i, k)
    let unknown = emitTargetLookup()
    asm.load(Self.t1, .gs(context.targets + 8, index: Self.t1))
    asm.store(.gs(TranslatedState.secondTemporary), Self.t1)
    emitPushingReturn(i, k, lookups: i.isMemory ? 2 : 1)
    passTime(k + 1)
    asm.jump(to: .memory(.gs(TranslatedState.secondTemporary)))
    leaveForGood(from: unknown, k)
  }

  /// Brings the target of an indirect jump to T0.
  private mutating func emitTarget(_ i: Instruction, _ k: Int) {
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: Int(slot), write: false), k)
      asm.load(context.word, Self.t0, memory)
    } else {
      asm.move(context.word, Self.t0, source(i.destination))
    }
  }

  /// Looks for the target in T0 among those known; T1 becomes its line. Where it is not known, nothing has happened yet.
  private mutating func emitTargetLookup() -> Label {
    let unknown = asm.makeLabel()
    TranslationStubs.emitTargetLine(&asm, Self.t1, of: Self.t0)
    asm.apply(.cmp, Self.t0, .memory(.gs(context.targets, index: Self.t1)))
    asm.jump(if: .notEqual, unknown)
    return unknown
  }

  /// The interpreter jumps, or finds that nobody may: it does not come back here.
  ///
  /// - Parameter isReturn: it is a return to the target in T0, which can be done here.
  private mutating func leaveForGood(from unknown: Label, _ k: Int, isReturn: Bool = false) {
    let done = asm.makeLabel()
    asm.place(done)
    leaveToHelper(from: unknown, to: done, k, isReturn: isReturn)
  }
}
