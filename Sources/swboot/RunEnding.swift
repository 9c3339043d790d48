internal import Host
internal import Machine
internal import Reports

/// The last that a run does: it tells people and programs how it was, and ends the program.
struct RunEnding {
  private let report: ReportFile?
  private let profile: ReportFile?
  private let coverage: ReportFile?
  private let timeline: ReportFile?
  private let coversLines: Bool
  private let finder: SourceFinder?
  private let start: UInt64

  /// For a run that comes to nothing.
  init(report: String?, startedAt start: UInt64) {
    var configuration = Configuration()
    configuration.report = report
    self.init(configuration, startedAt: start)
  }

  /// What cannot be read or written ends the program.
  init(_ configuration: Configuration, startedAt start: UInt64) {
    self.start = start
    report = Program.openReport("--report", configuration.report)
    profile = Program.openReport("--profile", configuration.profile)
    coverage = Program.openReport("--coverage", configuration.coverage)
    timeline = Program.openReport("--timeline", configuration.timeline)
    coversLines = configuration.coversLines
    finder = Program.open("--vmlinux", configuration.debugInformation) { (path) throws(FileError) in try SourceFinder(file: path) }
  }

  func end(_ end: RunReport) -> Never {
    var end = end
    if let problem = finder?.annotate(&end) { end.notes.append(problem) }
    for line in end.lines { Program.say(line) }
    let seconds = Double(HostClock.nanoseconds() &- start) / 1e9
    let problems = [
      profile.flatMap { file in end.profile.flatMap { file.write(Self.isPicture(file) ? FlameGraph($0, title: Self.title).svg : $0.folded) } },
      coverage.flatMap { file in end.coverage.flatMap { write($0, to: file) } },
      timeline.flatMap { file in
        end.timeline.flatMap { file.write(Self.isPicture(file) ? TimelinePicture($0, title: Self.title).svg : $0.json(title: Self.title).document) }
      },
      report?.write(end.json(arguments: Program.arguments, seconds: seconds).document),
    ]
    for problem in problems.compactMap(\.self) { Program.say(problem) }
    Program.exit(status: end.exitStatus)
  }

  private func write(_ coverage: Coverage, to file: ReportFile) -> String? {
    guard coversLines, let finder else { return file.write(coverage.table) }
    switch LineFinder.lcov(coverage, of: finder.file) {
    case .success(let text): return file.write(text)
    case .failure(let problem): return problem.text
    }
  }

  private static func isPicture(_ file: ReportFile) -> Bool { file.path.hasSuffix(".svg") }

  /// How swboot was called.
  private static var title: String { (["swboot"] + Program.arguments).joined(separator: " ") }
}
