internal import Host
internal import Machine
internal import Reports

/// The last that a run does: it tells people and programs how it was, and ends the program.
struct RunEnding {
  private let file: ReportFile?
  private let finder: SourceFinder?
  private let start: UInt64

  /// What cannot be read or written ends the program.
  ///
  /// - Parameters:
  ///   - report: where the user wants a report.
  ///   - vmlinux: the kernel with debug information, if there is one.
  init(report: String?, vmlinux: String? = nil, startedAt start: UInt64) {
    self.start = start
    file = Program.openReport("--report", report)
    finder = Program.open("--vmlinux", vmlinux) { (path) throws(FileError) in SourceFinder(file: try HostFile(path: path).path) }
  }

  func end(_ report: RunReport) -> Never {
    var report = report
    if let problem = finder?.annotate(&report) { report.notes.append(problem) }
    for line in report.lines { Program.say(line) }
    let seconds = Double(HostClock.nanoseconds() &- start) / 1e9
    if let problem = file?.write(report.json(arguments: Program.arguments, seconds: seconds).document) { Program.say(problem) }
    Program.exit(status: report.exitStatus)
  }
}
