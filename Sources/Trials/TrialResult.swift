public import Reports

/// How a trial ended.
public struct TrialResult: Equatable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case passed, failed, skipped
    /// The test was not run to an end that says anything of the kernel: a file that is missing, a host that has no memory.
    case unjudged
  }

  public let trial: Trial
  public var kind: Kind
  /// In one sentence why it has not passed.
  public var reason: String?
  public var seconds = 0.0
  public var complaints: [Complaint] = []
  public var parts: [KTAP.Entry] = []
  /// The last that it wrote.
  public var output = ""

  public init(_ trial: Trial, _ kind: Kind, _ reason: String? = nil) {
    self.trial = trial
    self.kind = kind
    self.reason = reason
  }

  /// kselftest's status for a test that has nothing to do on this kernel.
  private static let skipStatus = 4

  /// - Parameters:
  ///   - status: of the swboot that ran it.
  ///   - report: what that told of the run; nil if nothing.
  ///   - results: what the test wrote of itself.
  public init(_ trial: Trial, status: Int32, report: JSON?, results: KTAP, output: String) {
    let command = report?["command_status"]?.integer
    (kind, reason) = Self.judge(report?["verdict"]?.text.flatMap(Verdict.init), command, results)
    if report == nil { reason = "swboot itself ended with status \(status) and told nothing" }
    if let said = report?["reason"]?.text { reason = String(said.prefix { $0 != "\n" }) }
    self.trial = trial
    self.output = output
    parts = results.entries
    seconds = report?["seconds"]?["wall"]?.number ?? 0
    complaints = report?["complaints"]?.list.compactMap(Complaint.init) ?? []
  }

  private static func judge(_ verdict: Verdict?, _ command: Int?, _ results: KTAP) -> (Kind, String?) {
    switch verdict {
    case nil, .refused, .hostFailure, .interrupted: return (.unjudged, nil)
    case .passed, .failed:
      if command == 126 || command == 127 { return (.unjudged, "the test could not be executed (status \(command ?? 0))") }
      if command == skipStatus { return (.skipped, "it has nothing to do here (status \(skipStatus))") }
      if results.failures > 0 { return (.failed, "\(results.failures) of its parts failed") }
      if verdict == .failed { return (.failed, "status \(command ?? 0)") }
      if let problem = results.problem { return (.failed, problem) }
      return results.isSkipped ? (.skipped, "it has nothing to do here") : (.passed, nil)
    case .some(let bad): return (.failed, bad.rawValue)
    }
  }
}
