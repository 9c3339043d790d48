internal import Host
internal import Machine
internal import Options
internal import Reports
internal import Trials

/// `swboot test` and `swboot report` for the user at the command line.
struct TestCommand {
  private let request: TestRequest
  private let files: [(file: ReportFile, content: (TestReport) -> String)]

  /// A place that takes no report ends the program.
  init(_ request: TestRequest) {
    self.request = request
    files = [
      Program.openReport("--report", request.report).map { ($0, { $0.json(version: Program.version).document }) },
      Program.openReport("--junit", request.junit).map { ($0, { $0.junit }) },
    ].compactMap(\.self)
  }

  // MARK: Tests

  /// Runs them, and ends the program.
  func run(startedAt start: UInt64) -> Never {
    let trials = request.trials
    if trials.isEmpty, request.shard == nil { Program.stop("--filter \(request.filter ?? ""): no test has this in its name.") }
    HostSignals.prepare()
    let session = TestSession(trials, options: request.options) { HostSignals.wake() }
    do throws(SystemError) { try session.start(jobs: request.jobs ?? Program.processors) } catch {
      Program.stop("a thread for the tests cannot be made (\(error)).")
    }
    var progress = Progress(total: trials.count, writesTAP: request.writesTAP, isTerminal: Terminal.isOutput)
    show(progress.beginning)
    var signal: Int32?
    while true {
      let state = session.now
      show(progress.text(state))
      if state.isOver { break }
      guard let number = HostSignals.next(until: nil), number != HostSignals.window, number != HostSignals.picture else { continue }
      signal = number
      session.stop()
    }
    var report = TestReport()
    report.results = session.now.results
    report.missing = session.now.missing.map(\.name)
    report.shard = request.shard
    report.seconds = Self.seconds(since: start)
    finish(report, status: signal.map { 128 + $0 } ?? report.status)
  }

  private static func seconds(since start: UInt64) -> Double { Double(HostClock.nanoseconds() &- start) / 1e9 }

  // MARK: Reports

  /// Makes one report of several, and ends the program.
  func merge(_ paths: [String]) -> Never {
    let report = TestReport(merging: paths.map(Self.read))
    if request.writesTAP {
      show(TestReport.tapBeginning(of: report.results.count))
      show(report.results.enumerated().map { TestReport.tap($1, number: $0 + 1) + "\n" }.joined())
    }
    finish(report, status: report.status)
  }

  private static func read(_ path: String) -> TestReport {
    do throws(FileError) {
      if let report = JSON(try HostFile(path: path).contents(limit: 256 << 20)).flatMap(TestReport.init) { return report }
    } catch { Program.stop("\(error).") }
    Program.stop("\(path): this is no report of swboot.")
  }

  // MARK: The end

  private func finish(_ report: TestReport, status: Int32) -> Never {
    for line in report.lines { show(request.writesTAP ? "# \(line)\n" : "\(line)\n") }
    if Caller.variable("GITHUB_ACTIONS") == "true" { for line in report.annotations { show("\(line)\n") } }
    for (file, content) in files {
      if let problem = file.write(content(report)) { Program.say(problem) }
    }
    Program.exit(status: status)
  }

  private func show(_ text: String) { _ = OutputFile.standardOutput.write(Array(text.utf8)[...]) }
}
