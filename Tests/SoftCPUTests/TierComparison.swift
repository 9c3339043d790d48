@testable import SoftCPU

/// Code that the interpreter has executed, by the translator.
struct TierComparison {
  private let twin: SoftTwin
  private let guards: HostGuards

  init(_ twin: SoftTwin) {
    self.twin = twin
    guards = HostGuards(twin)
  }

  /// What the translator does otherwise. Code runs three times: made block by block, linked, and as it is then.
  func difference(_ snippet: Snippet, _ expected: SoftTwin.End) throws -> String? {
    try twin.load(snippet.code)
    guards.begin()
    let difference = try EndlessCode.watch(twin.processor.core) { try runs(snippet, expected) }
    return difference ?? guards.difference
  }

  private func runs(_ snippet: Snippet, _ expected: SoftTwin.End) throws -> String? {
    for time in 1...3 {
      // The last time nothing is left to be made or linked.
      if time == 3 { guards.keepCode() }
      let end = try twin.run(snippet, translated: true)
      if let difference = difference(snippet, expected, end) { return "time \(time): \(difference)" }
    }
    return nil
  }

  private func difference(_ snippet: Snippet, _ expected: SoftTwin.End, _ end: SoftTwin.End) -> String? {
    if expected.fault != end.fault {
      return "fault is \(end.fault.map { "\($0)" } ?? "none"), should be \(expected.fault.map { "\($0)" } ?? "none")"
    }
    if expected.address != end.address { return "RIP is +\(end.address &- twin.code), should be +\(expected.address &- twin.code)" }
    if let register = expected.firstOther(end) { return expected.text(of: register, end, snippet) }
    // Behind another fault than the last INT3 nobody reads the arithmetic flags.
    let isOver = expected.fault == SoftTwin.breakpoint
    let known = isOver ? ~snippet.undefinedFlags : ~Flags.arithmetic
    if (expected.state.flags ^ end.state.flags) & known != 0 { return expected.flagsText(end, snippet) }
    if !expected.lastPointers.isSame(as: end.lastPointers) { return "x87's last opcode and pointers are \(end.lastPointers), should be \(expected.lastPointers)" }
    return expected.vectorDifference(end) ?? expected.memoryDifference(end)
  }
}
