/// How a run ended, in one word.
public enum Verdict: String, Sendable, CaseIterable {
  /// The command ended with status 0, or the guest powered off.
  case passed
  /// The command, or the guest by port 0xF4, gave another status.
  case failed
  /// The kernel complained of something in `--fail-on`.
  case oops, stall, warning, complaint
  case panic
  case hang
  case timeout
  case watchdog
  case tripleFault = "triple-fault"
  case halted
  /// The guest was gone before the command ended.
  case lost
  /// Somebody outside ended the run.
  case interrupted
  /// A mistake of the user, or a file that cannot be used.
  case refused
  case hostFailure = "host-failure"

  /// That of a run that a complaint makes fail.
  public init(_ kind: Complaint.Kind) {
    let groups: [(String, Verdict)] = [("panic", .panic), ("oops", .oops), ("stall", .stall), ("warning", .warning)]
    self = groups.first { Complaint.Kind.named($0.0).contains(kind) }?.1 ?? .complaint
  }
}
