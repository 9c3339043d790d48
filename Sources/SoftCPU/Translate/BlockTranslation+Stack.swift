internal import Assembler

extension BlockTranslation {
  /// So many pushes or pops in a row are one access.
  private static let longestRun = 4

  /// The size of one place on the stack.
  var slot: Int32 { Int32(context.word.rawValue) }
  /// The access of a PUSH.
  var push: MemoryAccess { MemoryAccess(.rsp, -slot, size: Int(slot), write: true) }

  /// PUSH of registers; returns how many.
  mutating func emitPushes(_ k: Int) -> Int {
    let run = run(from: k, of: .push)
    let size = Int(slot) * run
    let memory = look(MemoryAccess(.rsp, Int32(-size), size: size, write: true), k, count: run)
    for n in 0..<run {
      let value = place(instruction(k + n).rm &* 8, Self.t1)
      var target = memory
      target.displacement += slot * Int32(run - 1 - n)
      asm.store(context.word, target, value.register)
    }
    moveStack(by: Int32(-size))
    lookedUp()
    return run
  }

  /// POP of registers; returns how many.
  mutating func emitPops(_ k: Int) -> Int {
    let run = run(from: k, of: .pop)
    let memory = look(MemoryAccess(.rsp, 0, size: Int(slot) * run, write: false), k, count: run)
    for n in 0..<run {
      let target = place(instruction(k + n).rm &* 8, Self.t1, isRead: false)
      var source = memory
      source.displacement += slot * Int32(n)
      asm.load(context.word, target.register, source)
      written(target)
    }
    moveStack(by: slot * Int32(run))
    lookedUp()
    return run
  }

  /// How many pushes or pops of whole registers but RSP follow each other.
  private func run(from k: Int, of operation: Operation) -> Int {
    var run = 1
    let end = min(k + Self.longestRun, span.map { $0.last + 1 } ?? count)
    while k + run < end, isSimple(instruction(k + run), operation), staying.isEmpty || !involves(instruction(k + run), Self.t0) { run += 1 }
    return run
  }

  func isSimple(_ i: Instruction, _ operation: Operation) -> Bool {
    i.operation.plain == operation && !i.isMemory && i.width == context.word.rawValue && i.rm != Register.rsp.rawValue
  }

  mutating func emitPushImmediate(_ i: Instruction, _ k: Int) {
    let memory = look(push, k)
    asm.store(context.word, memory, i.immediate)
    moveStack(by: -slot)
    lookedUp()
  }

  /// PUSH of memory or of RSP.
  mutating func emitPushOperand(_ i: Instruction, _ k: Int) {
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: Int(slot), write: false), k)
      asm.load(context.word, Self.t0, memory)
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
    let memory = look(push, k)
    asm.load(Self.t1, .gs(TranslatedState.secondTemporary))
    asm.store(context.word, memory, Self.t1)
    moveStack(by: -slot)
    lookedUp(lookups)
  }

  /// POP RSP.
  mutating func emitPopStackPointer(_ k: Int) {
    let memory = look(MemoryAccess(.rsp, 0, size: Int(slot), write: false), k)
    asm.load(context.word, .rsp, memory)
    lookedUp()
  }

  mutating func emitLeave(_ i: Instruction, _ k: Int) {
    var access = MemoryAccess(.rbp, 0, size: Int(slot), write: false)
    access.near = Int(Register.rsp.rawValue)
    let memory = look(access, k)
    asm.load(context.word, Self.t0, memory)
    asm.loadAddress(context.word, .rsp, Memory(.rbp, displacement: slot))
    asm.move(.rbp, Self.t0)
    lookedUp()
  }

  /// Leaves the flags alone.
  mutating func moveStack(by distance: Int32) { asm.loadAddress(context.word, .rsp, Memory(.rsp, displacement: distance)) }
}
