internal import Host
internal import Reports

/// Runs one trial: a swboot of its own that tells us of the run by a pipe.
struct TrialRun: Sendable {
  /// What is kept of a test's last words.
  private static let outputLimit = 16 << 10
  private static let reportLimit = 8 << 20

  let trial: Trial
  private let process: HostProcess

  init(_ trial: Trial, _ options: [String]) throws(SystemError) {
    self.trial = trial
    process = try HostProcess(HostProcess.ownProgram, trial.arguments(options, report: HostProcess.reportPath))
  }

  func interrupt() { process.interrupt() }

  /// Returns when it is over.
  func wait() -> TrialResult {
    var (output, report, results): ([UInt8], [UInt8], KTAP) = ([], [], KTAP())
    while let (source, bytes) = process.read() {
      switch source {
      case .output:
        results.put(bytes)
        output += bytes
        if output.count >= 2 * Self.outputLimit { output.removeFirst(output.count - Self.outputLimit) }
      case .report: if report.count < Self.reportLimit { report += bytes }
      }
    }
    let status = process.waitForEnd()
    return TrialResult(
      trial, status: status, report: JSON(report), results: results, output: String(decoding: output.suffix(Self.outputLimit), as: UTF8.self))
  }
}
