import Primitives
import Testing

@testable import Machine

@Suite struct LineBudgetTests {
  private let second: UInt64 = 1_000_000_000

  private func lines(_ budget: inout LineBudget, _ device: String = "disk", at time: UInt64) -> [String] {
    budget.lines("it broke", of: device, at: Instant(nanoseconds: time))
  }

  @Test("RS-01 a device that breaks in a loop gets ten lines a second, and then a count")
  func limit() {
    var budget = LineBudget()
    var shown: [String] = []
    for i in 0..<1000 { shown += lines(&budget, at: UInt64(i)) }
    #expect(shown == Array(repeating: "disk: it broke.", count: 10))
    #expect(lines(&budget, at: second) == ["disk: 990 more lines like this were left out.", "disk: it broke."])
  }

  @Test("one device's complaints do not silence another's")
  func perDevice() {
    var budget = LineBudget()
    for _ in 0..<20 { _ = lines(&budget, at: 0) }
    #expect(lines(&budget, "console", at: 0) == ["console: it broke."])
  }

  @Test("what was left out is told at the end, once")
  func remainder() {
    var budget = LineBudget()
    for _ in 0..<12 { _ = lines(&budget, at: 0) }
    #expect(budget.remainder() == ["disk: 2 more lines like this were left out."])
    #expect(budget.remainder() == [])
  }
}
