import TestSupport
import Testing

/// `swboot test` on the software CPU, with Debian's unmodified kernel and the files of this host.
@Suite("Tests on a kernel", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct TestCommandTests {
  private func test(_ arguments: [String]) throws -> ChildProcess.End {
    let guests = try #require(Guests.present)
    return ChildProcess.run(guests.swboot, ["test", "--accel", "soft", "--kernel", guests.cloud.kernel, "--timeout", "120s"] + arguments)
  }

  @Test("each is judged by its status, by its own results, and by what the kernel says")
  func kinds() throws {
    let folder = TemporaryFolder()
    let report = "\(folder.path)/report.json"
    let end = try test([
      "--jobs", "2", "--report", report, "--fail-on", "panic,oom-kill", "true", "exit 3", "exit 4", "echo 1..2; echo ok 1 a; echo not ok 2 b", "no-such-test",
      "echo last words; echo c > /proc/sysrq-trigger", "sleep 9 & echo f > /proc/sysrq-trigger",
    ])
    #expect(end.status == 1)
    for line in [
      "passed    true (", "failed    exit 3 (", "skipped   exit 4 (", "failed    echo 1..2; echo ok 1 a; echo not ok 2 b (", "unjudged  no-such-test (",
      "failed    echo last words;", "failed    sleep 9 &", "  not ok: b", "  | last words", "  panic: Kernel panic - not syncing: sysrq triggered crash",
      "  oom-kill: ", "1 passed, 4 failed, 1 skipped, 1 unjudged",
    ] { #expect(end.output.contains(line), "\(line) in \(end.output)") }
    #expect(folder.text(of: "report.json").contains("\"kind\": \"panic\""))
  }

  @Test("a test runs on each kernel, as often as it is to, and what all pass is 0")
  func repetitions() throws {
    let end = try test(["--repeat", "2", "--filter", "true", "true", "false"])
    #expect(end.status == 0 && end.output.contains("2 passed, ") && end.output.contains("(2)"), "\(end.output)")
  }

  @Test("a signal ends the machines, and tests that have not run are told")
  func signal() throws {
    let guests = try #require(Guests.present)
    let command = "\(guests.swboot) test --accel soft --kernel \(guests.cloud.kernel) --jobs 1 'sleep 100' 'sleep 101'"
    let end = ChildProcess.run("/bin/bash", ["-c", "set -m; \(command) & sleep 1; kill -INT $!; wait $!"])
    #expect(end.status == 130 && end.output.contains("unjudged  sleep 100") && end.output.contains("missing: sleep 101"), "\(end.output)")
  }
}
