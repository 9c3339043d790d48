/// What a run has to tell when it is over.
public struct RunReport: Sendable {
  public let outcome: Outcome
  /// The last lines of the console, where they went to a file or nowhere.
  public var consoleTail: [String] = []
  /// What else the user should know, a sentence each.
  public var notes: [String] = []
  /// What the processors were doing at a bad end.
  public var processors: String?

  public init(_ outcome: Outcome) { self.outcome = outcome }

  public init(_ error: MachineError) { self.init(error.isHosts ? .failed(error.message) : .refused(error.message)) }

  /// The report in lines for the user.
  public var lines: [String] {
    var lines = consoleTail.map { "  | \($0)" }
    lines += (outcome.explanation ?? "").split(separator: "\n").map(String.init)
    lines += notes
    if let processors { lines += ["the processors at the end:"] + processors.split(separator: "\n").map(String.init) }
    return lines
  }
}
