import Reports
import Testing

@testable import Trials

@Suite("Trials and their results")
struct TrialTests {
  private var request: TestRequest {
    var request = TestRequest()
    (request.tests, request.kernels) = (["./a", "./b", "c -x"], ["k1", "k2"])
    return request
  }

  @Test("each test runs on each kernel, as often as asked for")
  func trials() {
    var request = request
    request.repetitions = 2
    #expect(request.trials.count == 12)
    #expect(request.trials[1].name == "./a on k1 (2)")
    request.filter = "/b"
    #expect(request.trials.map(\.test) == ["./b", "./b", "./b", "./b"])
    #expect(Trial(test: "./a", kernel: "k", isOnlyKernel: true, repetition: nil).name == "./a")
  }

  @Test("shards are all trials, each once")
  func shards() {
    var (request, all) = (request, [Trial]())
    for number in 1...4 {
      request.shard = Shard("\(number)/4")
      all += request.trials
    }
    #expect(all.count == 6 && self.request.trials.allSatisfy(all.contains))
    for text in ["", "0/4", "5/4", "1/0", "1", "1/2/3", "x/4", "-1/4", "1/99999999999999999999"] { #expect(Shard(text) == nil) }
  }

  @Test("a test is a swboot run with the user's options, a time limit, and a shell where there are blanks")
  func arguments() {
    let trials = request.trials
    #expect(
      trials[0].arguments(["--cpus", "2"], report: "r")
        == ["run", "--cpus", "2", "--kernel", "k1", "--timeout", "10m", "--report", "r", "--", "./a"])
    #expect(trials[2].arguments(["--timeout=3s"], report: "r") == ["run", "--timeout=3s", "--kernel", "k1", "--report", "r", "--", "sh", "-c", "c -x"])
  }

  private func result(_ verdict: String, _ command: Int?, _ output: String = "") -> TrialResult {
    var results = KTAP()
    results.put(Array(output.utf8))
    let report = JSON.members(
      ("verdict", .string(verdict)), ("command_status", command.map(JSON.integer) ?? .null), ("seconds", .members(("wall", .number(1.5)))))
    return TrialResult(request.trials[0], status: 0, report: report, results: results, output: output)
  }

  @Test("what a run says of the kernel decides, and what says nothing of it is not judged")
  func judgement() {
    #expect(result("passed", 0).kind == .passed && result("failed", 1).kind == .failed && result("failed", 4).kind == .skipped)
    #expect(result("passed", 0, "1..2\nok 1 a\nnot ok 2 b\n").reason == "1 of its parts failed")
    #expect(result("passed", 0, "1..2\nok 1 a\n").kind == .failed && result("passed", 0, "1..0 # SKIP\n").kind == .skipped)
    for verdict in ["oops", "stall", "panic", "hang", "timeout", "watchdog", "triple-fault", "lost"] { #expect(result(verdict, 0).kind == .failed) }
    for verdict in ["refused", "host-failure", "interrupted", "nonsense"] { #expect(result(verdict, nil).kind == .unjudged) }
    #expect(result("failed", 127).kind == .unjudged && result("failed", 126).kind == .unjudged)
    #expect(TrialResult(request.trials[0], status: 139, report: nil, results: KTAP(), output: "").kind == .unjudged)
    #expect(result("passed", 0).seconds == 1.5)
  }

  @Test("125 is for what cannot be judged, unless something has failed")
  func status() {
    var report = TestReport()
    #expect(report.status == 0)
    report.results = [result("passed", 0), result("failed", 4)]
    #expect(report.status == 0)
    report.results.append(result("refused", nil))
    #expect(report.status == 125)
    report.results.append(result("oops", 0))
    #expect(report.status == 1)
  }
}
