@testable import Machine
import Testing

@Suite("C2 A guest that resets itself again and again")
struct ResetWatchTests {
  @Test("in silence gets one sentence, with the sixth reset of a second")
  func silent() {
    var watch = ResetWatch()
    let told = (0..<20).map { watch.sees(resetAt: $0 * 100_000_000, afterWords: false) }
    #expect(told == (0..<20).map { $0 == 5 })
  }

  @Test("more slowly, or with a word on its console, gets none")
  func harmless() {
    var (slow, loud) = (ResetWatch(), ResetWatch())
    for number in 0..<20 as Range<UInt64> {
      let seen = (slow: slow.sees(resetAt: number * 250_000_000, afterWords: false), loud: loud.sees(resetAt: number * 1000, afterWords: number % 3 == 0))
      #expect(!seen.slow && !seen.loud)
    }
  }
}
