internal import Assembler

/// The guest's arithmetic flags: who reads them, and where they are meanwhile.
extension BlockTranslation {
  /// From the end to the beginning: who reads what.
  mutating func findLiveFlags() {
    for _ in 0..<count {
      isLiveAfter.append(true)
      isLiveBefore.append(true)
    }
    let last = instruction(count - 1)
    var isLive: Bool
    switch last.operation {
    case .jump, .call: isLive = isLiveAt(last.immediate)
    case .jumpNear, .callNear, .ret: isLive = true
    default: isLive = isLiveAt(instruction(count).address)
    }
    for k in (0..<count).reversed() {
      isLiveAfter[k] = isLive
      let use = instruction(k).flagUse
      isLive = use.reads || isLive && !use.writesAll
      isLiveBefore[k] = isLive
    }
  }

  /// Whether the flags may matter to the code at an address: if that is in this page, and decoded, it tells.
  func isLiveAt(_ target: UInt64) -> Bool {
    guard isNear(target), let records = unsafe core.decoded(at: target, sameAs: block) else { return true }
    var k = 0
    while true {
      let i = unsafe Instruction(record: records.record + k)
      let use = i.flagUse
      if use.reads || i.operation == .endOfBlock { return true }
      if use.writesAll { return false }
      k += 1
    }
  }

  func isNear(_ target: UInt64) -> Bool { target >> 12 == rip >> 12 }

  /// Where RAX is while its host register is needed, and T1 is not free.
  private var savedRAX: Memory { .gs(Core.Field.rax.rawValue) }

  /// Keeps the flags somewhere before the host's are used for something else. T1 may change unless a register is there.
  mutating func saveFlags() {
    defer { flagsInHost = false }
    guard !flagsSaved, flagsInHost else { return }
    let isFree = !residents.loaded.contains(Self.t1)
    if isFree { asm.move(Self.t1, .rax) } else { asm.store(savedRAX, .rax) }
    asm.lahf()
    asm.set(.overflow, .register(.rax))
    asm.store(.long, .gs(TranslatedState.flags), .rax)
    if isFree { asm.move(.rax, Self.t1) } else { asm.load(.rax, savedRAX) }
    flagsSaved = true
  }

  /// The host's flags are about to be used for something else in instruction `k`.
  mutating func giveUpFlags(before k: Int) {
    if isLiveBefore[k] { saveFlags() }
    flagsInHost = false
  }

  /// Brings the flags back to the host.
  mutating func restoreFlags(usingT1: Bool = true) {
    guard !flagsInHost else { return }
    flagsInHost = true
    emitRestoringFlags(usingT1: usingT1 && !residents.loaded.contains(Self.t1))
  }

  mutating func emitRestoringFlags(usingT1: Bool) {
    if usingT1 { asm.move(Self.t1, .rax) } else { asm.store(savedRAX, .rax) }
    asm.load(.long, .rax, .gs(TranslatedState.flags))
    asm.apply(.add, .byte, .register(.rax), 0x7F)
    asm.sahf()
    if usingT1 { asm.move(.rax, Self.t1) } else { asm.load(.rax, savedRAX) }
  }

  /// Flags that an instruction reads, or changes but in part, must be the host's before its last step, which is the
  /// same instruction of the host.
  mutating func needFlags(_ i: Instruction, _ k: Int, usingT1: Bool = true) {
    let use = i.flagUse
    if use.reads || use.writes && !use.writesAll && isLiveAfter[k] { restoreFlags(usingT1: usingT1) }
  }
  mutating func noteFlags(_ i: Instruction) {
    guard i.flagUse.writes else { return }
    (flagsInHost, flagsSaved) = (true, false)
  }
}
