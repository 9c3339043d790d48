internal import Assembler

extension BlockTranslation {
  mutating func emitConditionalJump(_ i: Instruction, _ k: Int) {
    needFlags(i, k)
    let condition: Condition =
      switch i.operation {
      case .jumpIfZero: .equal
      case .jumpUnlessZero: .notEqual
      default: Condition(number: i.opcode)
      }
    sideEdge(condition, to: i.immediate, from: i.address)
  }

  mutating func emitCall(_ i: Instruction, _ k: Int) {
    emitPushingReturn(i, k)
    edge(to: i.immediate, from: i.address, isLiveAfter[k])
  }

  private mutating func emitPushingReturn(_ i: Instruction, _ k: Int, lookups: Int = 1) {
    let isShort = Assembler.isSignExtended(i.next)
    let memory = look(MemoryAccess(.rsp, -8, size: 8, write: true), k, freeT1: !isShort)
    if isShort {
      asm.store(.quad, memory, i.next)
    } else {
      asm.move(Self.t1, i.next)
      asm.store(memory, Self.t1)
    }
    moveStack(by: -8)
    lookedUp(lookups)
  }

  mutating func emitReturn(_ i: Instruction, _ k: Int) {
    saveFlags()
    let memory = look(MemoryAccess(.rsp, 0, size: 8, write: false), k)
    asm.load(Self.t0, memory)
    moveStack(by: 8 + (i.opcode == 0xC2 ? Int32(i.immediate & 0xFFFF) : 0))
    emitIndirectJump()
    lookedUp()
  }

  mutating func emitIndirectJump(_ i: Instruction, _ k: Int) {
    saveFlags()
    emitTarget(i, k)
    emitIndirectJump()
    if i.isMemory { lookedUp() }
  }

  mutating func emitIndirectCall(_ i: Instruction, _ k: Int) {
    saveFlags()
    emitTarget(i, k)
    asm.store(.gs(TranslatedState.secondTemporary), Self.t0)
    emitPushingReturn(i, k, lookups: i.isMemory ? 2 : 1)
    asm.load(Self.t0, .gs(TranslatedState.secondTemporary))
    emitIndirectJump()
  }

  /// Brings the target of an indirect jump to T0.
  private mutating func emitTarget(_ i: Instruction, _ k: Int) {
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: 8, write: false), k)
      asm.load(Self.t0, memory)
    } else {
      asm.move(.quad, Self.t0, source(i.destination))
    }
  }

  /// To where T0 says, with the flags saved.
  private mutating func emitIndirectJump() {
    let targets = TranslatedState.targets(context.set)
    asm.move(.long, Self.t1, .register(Self.t0))
    asm.apply(.and, .long, .register(Self.t1), Int32(TranslatedState.targetLines - 1))
    asm.shift(.shl, .long, .register(Self.t1), by: 4)
    asm.apply(.cmp, Self.t0, .memory(.gs(targets, index: Self.t1)))
    asm.jump(if: .notEqual, toDistance: context.stubs.unknownTarget - origin)
    asm.jump(to: .memory(.gs(targets + 8, index: Self.t1)))
  }
}
