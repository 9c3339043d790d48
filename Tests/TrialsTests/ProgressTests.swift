import Testing

@testable import Trials

@Suite("How tests go on")
struct ProgressTests {
  private func state(_ results: TrialResult.Kind...) -> TestSession.State {
    let trials = (1...4).map { Trial(test: "t\($0)", kernel: nil, isOnlyKernel: true, repetition: nil) }
    return TestSession.State(waiting: trials[results.count...], results: zip(trials, results).map { Self.result($0, $1) })
  }

  private static func result(_ trial: Trial, _ kind: TrialResult.Kind) -> TrialResult {
    var result = TrialResult(trial, kind, kind == .passed ? nil : "why\u{1B}")
    result.seconds = 30
    return result
  }

  @Test("elsewhere than on a terminal there is a line for each result, once")
  func plain() {
    var progress = Progress(total: 4, writesTAP: false, isTerminal: false)
    #expect(progress.beginning == "" && progress.text(state()) == "")
    #expect(progress.text(state(.passed)) == "passed    t1 (30.0 s)\n")
    #expect(progress.text(state(.passed, .failed)) == "failed    t2 (30.0 s): why\\u{1B}\n")
    #expect(progress.text(state(.passed, .failed)) == "")
  }

  @Test("on a terminal the last line tells what is going on and how long it may take, and is gone at the end")
  func terminal() {
    var progress = Progress(total: 4, writesTAP: false, isTerminal: true)
    #expect(progress.text(state()) == "\r\u{1B}[K0 running, 0 passed, 0 failed, 4 waiting")
    let text = progress.text(state(.passed, .failed))
    #expect(text.hasSuffix("0 running, 1 passed, 1 failed, 2 waiting, about 1 min 0 s left") && text.hasPrefix("\r\u{1B}[Kpassed    t1"))
    var over = state(.passed, .failed)
    over.isOver = true
    #expect(progress.text(over) == "\r\u{1B}[K")
  }

  @Test("TAP is a plan and a line for each result")
  func tap() {
    var progress = Progress(total: 4, writesTAP: true, isTerminal: true)
    #expect(progress.beginning == "TAP version 14\n1..4\n")
    #expect(progress.text(state(.passed, .skipped)) == "ok 1 - t1\nok 2 - t2 # SKIP why\\u{1B}\n")
  }
}
