internal import Host
internal import Machine
internal import Reports

/// The last that a run does: it tells people and programs how it was, and ends the program.
struct RunEnding {
  private let file: ReportFile?
  private let start: UInt64

  /// - Parameter report: where the user wants a report; a place that takes none ends the program.
  init(report: String?, startedAt start: UInt64) {
    self.start = start
    do throws(FileError) { file = try report.map { (path) throws(FileError) in try ReportFile(path: path) } } catch {
      Program.say("--report \(error).")
      Program.exit(status: ExitStatus.refused)
    }
  }

  func end(_ report: RunReport) -> Never {
    for line in report.lines { Program.say(line) }
    let seconds = Double(HostClock.nanoseconds() &- start) / 1e9
    if let problem = file?.write(report.json(arguments: Program.arguments, seconds: seconds).document) { Program.say(problem) }
    Program.exit(status: report.exitStatus)
  }
}
