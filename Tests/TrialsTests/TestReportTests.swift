import Reports
import Testing

@testable import Trials

@Suite("The report of tests")
struct TestReportTests {
  private func result(_ test: String, _ kind: TrialResult.Kind, _ reason: String? = nil) -> TrialResult {
    var result = TrialResult(Trial(test: test, kernel: "k", isOnlyKernel: false, repetition: nil), kind, reason)
    result.seconds = 2
    return result
  }

  private var report: TestReport {
    var report = TestReport()
    var bad = result("b<&>", .failed, "oops: 100%")
    bad.complaints = [Complaint(title: "BUG: x", kind: .bug, time: 1.5, lines: ["BUG: x", "Call Trace:"])]
    bad.parts = [KTAP.Entry(name: "part", result: .failed, isSum: false), KTAP.Entry(name: "all", result: .failed, isSum: true)]
    bad.output = (1...20).map { "line \($0)" }.joined(separator: "\n") + "\u{1B}[2J\u{0}\nswboot: it failed\n"
    report.results = [result("a", .passed), bad, result("c", .skipped, "nothing"), result("d#1", .unjudged, "no file")]
    report.seconds = 65
    return report
  }

  @Test("for people it has what failed, with its last lines and complaints, and numbers")
  func lines() {
    let lines = report.lines
    #expect(lines.contains("failed: b<&> on k: oops: 100%") && lines.contains("  bug: BUG: x") && lines.contains("  not ok: part"))
    #expect(lines.contains("  | line 11") && !lines.contains { $0.contains("it failed") } && !lines.contains("  | line 10") && !lines.contains { $0.contains("\u{1B}") })
    #expect(lines.last == "1 passed, 1 failed, 1 skipped, 1 unjudged, 1 min 5 s")
    #expect(TestReport().lines == ["nothing to do, 0.0 s"])
  }

  @Test("of a test that has not said a word the kernel's last ones are told, and nothing else of swboot's")
  func silence() {
    var report = TestReport()
    var bad = result("a", .failed, "the guest's kernel panicked")
    bad.output = "swboot:   | [    1.0] Kernel panic\nswboot: the guest's kernel panicked\nswboot: the processors at the end:\nswboot:   rip 0\n"
    report.results = [bad]
    #expect(report.lines.dropLast() == ["", "failed: a on k: the guest's kernel panicked", "  | [    1.0] Kernel panic"])
  }

  @Test("for programs it is JSON, and the same after it was read")
  func json() throws {
    var report = report
    report.shard = Shard("2/3")
    let text = report.json(version: "v").document
    #expect(TestReport(try #require(JSON(Array(text.utf8)))) == report)
    #expect(TestReport(.members(("schema", .string("other")))) == nil)
  }

  @Test("several make one, and what no shard has is missing")
  func merging() {
    var (first, third) = (report, TestReport())
    (first.shard, third.shard) = (Shard("1/3"), Shard("3/3"))
    third.results = [result("e", .passed)]
    let whole = TestReport(merging: [first, third])
    #expect(whole.results.count == 5 && whole.missing == ["shard 2/3"] && whole.seconds == 65)
    #expect(TestReport(merging: [third]).status == 125, "shards are missing")
    let single = JSON.members(
      ("schema", .string("swboot-run/1")), ("verdict", .string("panic")), ("reason", .string("it panicked")),
      ("arguments", .strings(["run", "--", "./x", "y"])), ("kernel", .members(("file", .string("k")))))
    #expect(TestReport(single)?.results.map(\.trial.name) == ["./x y on k"] && TestReport(single)?.status == 1)
  }

  @Test("JUnit's XML is well formed, whatever a test is called and has written")
  func junit() {
    let text = report.junit
    #expect(text.contains("<testsuite name=\"k\" tests=\"5\" failures=\"2\" errors=\"1\" skipped=\"1\">"))
    #expect(text.contains("name=\"b&lt;&amp;&gt;: part\"><failure") && !text.contains(": all\""))
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
  }

  @Test("TAP and GitHub's annotations have a line each")
  func linesOfOthers() {
    #expect(TestReport.tap(report.results[0], number: 1) == "ok 1 - a on k")
    #expect(TestReport.tap(report.results[2], number: 3) == "ok 3 - c on k # SKIP nothing")
    #expect(TestReport.tap(report.results[3], number: 4) == "not ok 4 - d_1 on k\n  # unjudged: no file")
    #expect(report.annotations == ["::error title=b<&> on k::oops: 100%25%0ABUG: x", "::error title=d#1 on k::no file"])
  }
}
