import Testing
import TestSupport

@testable import Trials

@Suite("Results that a test writes itself")
struct KTAPTests {
  private func read(_ text: String) -> KTAP {
    var results = KTAP()
    results.put(Array((text + "\n").utf8))
    return results
  }

  @Test("kselftest's are a plan and numbered lines, and what begins with a number sign is talk")
  func kselftest() {
    let results = read(
      """
      TAP version 13
      1..4
      # starting
      ok 1 getcpu works
      not ok 2 fallback
      ok 3 # SKIP no permission
      ok 4 - a name with - dashes
      # Totals: pass:2 fail:1 xfail:0 xpass:0 skip:1 error:0
      """)
    #expect(results.entries.map(\.name) == ["getcpu works", "fallback", "3", "a name with - dashes"])
    #expect(results.entries.map(\.result) == [.passed, .failed, .skipped, .passed])
    #expect(results.failures == 1 && results.problem == nil && !results.isSkipped)
  }

  @Test("KUnit's are nested, and a sum is not counted again")
  func kunit() {
    let results = read(
      """
      KTAP version 1
      1..1
          KTAP version 1
          # Subtest: list-kunit-test
          1..2
          ok 1 list_test_list_init
          not ok 2 list_test_list_add
      # list-kunit-test: pass:1 fail:1 skip:0 total:2
      not ok 1 list-kunit-test
      """)
    #expect(results.entries.map(\.isSum) == [false, false, true])
    #expect(results.failures == 1 && results.problem == nil)
  }

  @Test("a failure that is known, or not yet done, is none")
  func expected() {
    #expect(read("1..2\nnot ok 1 a # TODO later\nnot ok 2 b # XFAIL known").failures == 0)
  }

  @Test("results that are missing are told, and a plan of none is a test with nothing to do")
  func plans() {
    #expect(read("1..3\nok 1 a").problem == "3 results were planned, and 1 came")
    #expect(read("1..0 # SKIP no hardware").isSkipped)
    #expect(read("hello\nokay then\nnotok").isEmpty)
  }

  @Test("a test that writes without end takes a bounded part of memory, and its failures are counted")
  func endless() {
    var results = KTAP()
    for _ in 0..<3000 { results.put(Array("ok 1 a\nnot ok 2 b\n".utf8)) }
    #expect(results.entries.count <= 1000 && results.failures == 3000)
    results.put([UInt8](repeating: 0x20, count: 200_000))
    results.put(Array("\n\(String(repeating: " ", count: 900))ok 1\nok 2\n".utf8))
  }

  @Test("any bytes have an answer")
  func hostile() {
    var (results, chance) = (KTAP(), Chance(3))
    for _ in 0..<20_000 { results.put(Array(chance.one(of: ["ok", "not ok", " ", "  ", "1..", "99999999999999999999", "#", "-", "SKIP", "\n", "\u{0}", "é"]).utf8)) }
    #expect(results.entries.count <= 1000)
  }
}
