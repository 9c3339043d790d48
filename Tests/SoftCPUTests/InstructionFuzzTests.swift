import Glibc
import Synchronization
import Testing

@testable import SoftCPU

/// Instructions on the host's own processor, by the interpreter and by the translator.
@Suite(.serialized) struct InstructionFuzz {
  @Test("the software processor does what the host does, instruction by instruction", arguments: CodeMode.allCases)
  func likeTheHost(mode: CodeMode) throws {
    let outcome = try HostOracle.shared.withLock { oracle in
      let comparison = try HostComparison(mode, oracle)
      var generator = InstructionGenerator(seed: FuzzSettings.seed, mode: mode, codeAt: comparison.twin.code)
      return try compare(comparison, cases: 8000) { Snippet(generator.next()) }
    }
    report("\(mode)", outcome)
  }

  @Test("every row of the opcode table is among the instructions that are tried")
  func everyRow() {
    var tried: Set<Int> = []
    for mode in CodeMode.allCases {
      var generator = InstructionGenerator(seed: 1, mode: mode, codeAt: ShortCodeOracle.codeAddress(mode))
      for _ in 0..<12_000 {
        let test = generator.next()
        tried.insert(test.row << 3 | test.group)
      }
    }
    // The bounds instructions of some hosts, which others ignore; and flushes.
    for (number, row) in opcodeTable.rows.enumerated() where ![0x11A, 0x11B, 0x1AE].contains(number) {
      for (group, operation) in row.named.enumerated() where !InstructionGenerator.excluded.contains(operation) {
        let isTried = tried.contains(number << 3 | group)
        #expect(isTried, "\(operation) in map \(number >> 8), opcode \(number & 0xFF), group \(group)")
      }
    }
  }

  @Test("so do some instructions in a row, with loops and branches, interpreted and translated", arguments: CodeMode.allCases)
  func snippets(mode: CodeMode) throws {
    let outcome = try HostOracle.shared.withLock { oracle in
      let comparison = try HostComparison(mode, oracle)
      var generator = SnippetGenerator(seed: FuzzSettings.seed, mode: mode, codeAt: comparison.twin.code, endsQuietly: comparison.endsQuietly)
      return try compare(comparison, cases: mode == .long ? 4000 : 500) { try generator.next(longest: 12) }
    }
    report("\(mode) snippets", outcome)
  }

  private typealias Outcome = (cases: UInt64, differences: [String])

  private func compare(_ comparison: HostComparison, cases: UInt64, _ next: () throws -> Snippet) throws -> Outcome {
    var outcome: Outcome = (0, [])
    var seen: Set<String> = []
    let (start, seconds) = (time(nil), FuzzSettings.seconds)
    while outcome.cases < (seconds == nil ? cases : .max), outcome.differences.count < 60 {
      if let seconds, outcome.cases % 1024 == 0, time(nil) - start >= Int(clamping: seconds) { break }
      let snippet = try next()
      outcome.cases += 1
      guard !snippet.tests.contains(where: \.isUndefined), let difference = try comparison.difference(snippet) else { continue }
      // One of each kind is enough to begin with.
      if seen.insert("\(snippet.tests.last.map { "\($0.operation)" } ?? "") \(difference.prefix(24))").inserted {
        outcome.differences.append("case \(outcome.cases): \(difference): \(snippet.text)")
      }
    }
    return outcome
  }

  private func report(_ name: String, _ outcome: Outcome) {
    if FuzzSettings.seconds != nil { print("fuzz-cpu: \(name): \(outcome.cases) cases, \(outcome.differences.count) differences") }
    for difference in outcome.differences { Issue.record("\(difference)") }
  }
}
