public import Reports

/// What a run has to tell when it is over.
public struct RunReport: Sendable {
  public internal(set) var outcome: Outcome
  /// The complaint that makes a run fail which else ended as it should.
  public var failure: Complaint?
  /// The last lines of the console at a bad end, where they went to a file or nowhere.
  public var consoleTail: [String] = []
  /// What else the user should know, a sentence each.
  public var notes: [String] = []
  /// What the processors were doing at a bad end.
  public var processors: String?
  /// The functions that were seen at work; nil unless the user wanted that.
  public var profile: StackProfile?
  /// What the run did when; nil unless the user wanted that.
  public var timeline: Timeline?
  /// What the guest's kernel has executed; nil unless the user wanted that, and if the processors never stood still.
  public var coverage: Coverage?
  /// What there is to tell of the machine; nil if there never was one.
  public var machine: MachineFacts?

  public init(_ outcome: Outcome) { self.outcome = outcome }

  public init(_ error: MachineError) { self.init(error.isHosts ? .failed(error.message) : .refused(error.message)) }

  public var exitStatus: Int32 { failure == nil ? outcome.exitStatus : ExitStatus.complained }

  public var verdict: Verdict { failure.map { Verdict($0.kind) } ?? outcome.verdict }

  /// One sentence; nil where all is as it should be.
  var reason: String? {
    guard let failure else { return outcome.explanation }
    return "the guest's kernel reported \(failure.kind.words) (--fail-on): \(failure.title)"
  }

  /// The report in lines for the user.
  public var lines: [String] {
    var lines = consoleTail.map { "  | \($0)" }
    lines += (reason ?? "").split(separator: "\n").map(String.init)
    lines += notes
    if let processors { lines += ["the processors at the end:"] + processors.split(separator: "\n").map(String.init) }
    return lines
  }
}
