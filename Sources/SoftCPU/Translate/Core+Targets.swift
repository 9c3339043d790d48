/// Where indirect jumps have led: a line has RIP, and the place of the code for it on the host.
extension Core {
  private typealias State = TranslatedState

  /// An indirect jump that comes to RIP may find this block.
  func noteTarget(_ block: Translator.Block, _ place: UInt64) {
    let line = targetLine(block)
    store(block.rip, at: line)
    store(place, at: line + 8)
  }

  func forgetTarget(_ block: Translator.Block) {
    let line = targetLine(block)
    if load(line, as: UInt64.self) == block.rip { forgetTarget(line) }
  }

  func forgetTargets() {
    for line in stride(from: State.targets, to: State.size, by: 16) { forgetTarget(line) }
  }

  /// Of lines that are zero, only the first of each table is not empty.
  func prepareTargets() {
    for table in stride(from: State.targets, to: State.size, by: State.targetTable) { forgetTarget(table) }
  }

  private func targetLine(_ block: Translator.Block) -> Int { State.target(block.rip, block.set, is64Bit: block.is64Bit) }

  /// An empty line holds an address that has another line: 1 is the second, 0 the first.
  private func forgetTarget(_ line: Int) {
    store((line - State.targets) / 16 % State.targetLines == 0 ? 1 : 0 as UInt64, at: line)
  }
}
