internal import Assembler

extension BlockTranslation {
  /// So many pushes or pops in a row are one access.
  private static let longestRun = 4

  /// PUSH of registers; returns how many.
  mutating func emitPushes(_ k: Int) -> Int {
    let run = run(from: k, of: .push)
    let size = 8 * run
    let needsT1 = (0..<run).contains { hasHome(instruction(k + $0).rm &* 8) }
    let memory = look(MemoryAccess(.rsp, Int32(-size), size: size, write: true), k, count: run, freeT1: needsT1)
    for n in 0..<run {
      let value = place(instruction(k + n).rm &* 8, Self.t1)
      var target = memory
      target.displacement = Int32(8 * (run - 1 - n))
      asm.store(target, value.register)
    }
    moveStack(by: Int32(-size))
    lookedUp()
    return run
  }

  /// POP of registers; returns how many.
  mutating func emitPops(_ k: Int) -> Int {
    let run = run(from: k, of: .pop)
    let needsT1 = (0..<run).contains { hasHome(instruction(k + $0).rm &* 8) }
    let memory = look(MemoryAccess(.rsp, 0, size: 8 * run, write: false), k, count: run, freeT1: needsT1)
    for n in 0..<run {
      let target = place(instruction(k + n).rm &* 8, Self.t1, isRead: false)
      var source = memory
      source.displacement = Int32(8 * n)
      asm.load(target.register, source)
      written(target)
    }
    moveStack(by: Int32(8 * run))
    lookedUp()
    return run
  }

  /// How many pushes or pops of 64-bit registers but RSP follow each other.
  private func run(from k: Int, of operation: Operation) -> Int {
    var run = 1
    while run < Self.longestRun, k + run < count, isSimple(instruction(k + run), operation) { run += 1 }
    return run
  }

  func isSimple(_ i: Instruction, _ operation: Operation) -> Bool {
    i.operation.plain == operation && !i.isMemory && i.width == 8 && i.rm != Register.rsp.rawValue
  }

  mutating func emitPushImmediate(_ i: Instruction, _ k: Int) {
    let memory = look(MemoryAccess(.rsp, -8, size: 8, write: true), k)
    asm.store(.quad, memory, i.immediate)
    moveStack(by: -8)
    lookedUp()
  }

  /// PUSH of memory or of RSP.
  mutating func emitPushOperand(_ i: Instruction, _ k: Int) {
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: 8, write: false), k)
      asm.load(Self.t0, memory)
      asm.store(.gs(TranslatedState.secondTemporary), Self.t0)
    } else {
      asm.store(.gs(TranslatedState.secondTemporary), .rsp)
    }
    emitPushTemporary(k, lookups: i.isMemory ? 2 : 1)
  }

  /// Pushes what is in the second temporary.
  ///
  /// - Parameter lookups: of the whole instruction.
  mutating func emitPushTemporary(_ k: Int, lookups: Int) {
    let memory = look(MemoryAccess(.rsp, -8, size: 8, write: true), k, freeT1: true)
    asm.load(Self.t1, .gs(TranslatedState.secondTemporary))
    asm.store(memory, Self.t1)
    moveStack(by: -8)
    lookedUp(lookups)
  }

  mutating func emitLeave(_ i: Instruction, _ k: Int) {
    let memory = look(MemoryAccess(.rbp, 0, size: 8, write: false), k)
    asm.load(Self.t0, memory)
    asm.loadAddress(.rsp, Memory(.rbp, displacement: 8))
    asm.move(.rbp, Self.t0)
    lookedUp()
  }

  /// Leaves the flags alone.
  mutating func moveStack(by distance: Int32) { asm.loadAddress(.rsp, Memory(.rsp, displacement: distance)) }
}
