import Glibc
import Synchronization
import Testing

@testable import SoftBackend

/// Every integer instruction against the host's own processor.
@Suite(.serialized) struct InstructionFuzz {
  @Test("the software processor does what the host does, instruction by instruction", arguments: CodeMode.allCases)
  func likeTheHost(mode: CodeMode) throws {
    let seconds = FuzzSettings.seconds
    let outcome = try HostOracle.shared.withLock { oracle in
      try compare(oracle, mode, seed: FuzzSettings.seed, cases: seconds == nil ? 8000 : .max, seconds: seconds ?? .max)
    }
    if seconds != nil { print("fuzz-cpu: \(mode) \(outcome.cases) cases, \(outcome.differences.count) differences") }
    for difference in outcome.differences { Issue.record("\(difference)") }
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
    for (map, rows) in opcodeMaps.enumerated() {
      // The bounds instructions of some hosts, which others ignore.
      for (opcode, row) in rows.enumerated() where map != 1 || opcode != 0x1A && opcode != 0x1B {
        for (group, operation) in row.operations.enumerated() where !InstructionGenerator.excluded.contains(operation) {
          let isTried = tried.contains((map << 8 | opcode) << 3 | group)
          #expect(isTried, "\(operation) in map \(map), opcode \(opcode), group \(group)")
        }
      }
    }
  }

  private func compare(_ oracle: HostOracle, _ mode: CodeMode, seed: UInt64, cases: UInt64, seconds: UInt64) throws -> (cases: UInt64, differences: [String]) {
    let comparison = try HostComparison(mode, oracle)
    var generator = InstructionGenerator(seed: seed, mode: mode, codeAt: comparison.twin.code)
    var differences: [String] = []
    var seen: Set<String> = []
    var done: UInt64 = 0
    let start = time(nil)
    while done < cases, differences.count < 60 {
      if seconds != .max, done % 1024 == 0, time(nil) - start >= Int(clamping: seconds) { break }
      let test = generator.next()
      done += 1
      guard let difference = try comparison.difference(test) else { continue }
      // One of each kind is enough to begin with.
      if seen.insert("\(test.operation) \(difference.prefix(8))").inserted {
        differences.append("case \(done): \(test.operation) \(test.codeText): \(difference)")
      }
    }
    return (done, differences)
  }

}
