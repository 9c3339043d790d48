internal import Host

/// Shows how a session goes on: a line for each result, and on a terminal another below them that changes.
public struct Progress {
  private static let eraseLine = "\r\u{1B}[K"

  private let total: Int
  private let writesTAP: Bool
  private let isTerminal: Bool
  private var told = 0
  private var shown: String?

  public init(total: Int, writesTAP: Bool, isTerminal: Bool) {
    self.total = total
    self.writesTAP = writesTAP
    self.isTerminal = isTerminal && !writesTAP
  }

  /// What comes before everything else.
  public var beginning: String { writesTAP ? TestReport.tapBeginning(of: total) : "" }

  /// What is to be written now.
  ///
  /// - Parameter seconds: since the session's start.
  public mutating func text(_ state: TestSession.State, seconds: Double) -> String {
    let new = state.results.dropFirst(told)
    var text = ""
    for result in new {
      told += 1
      text += (writesTAP ? TestReport.tap(result, number: told) : line(result)) + "\n"
    }
    guard isTerminal else { return text }
    let status = state.isOver ? "" : self.status(state, seconds)
    guard !text.isEmpty || status != shown else { return "" }
    shown = status
    return Self.eraseLine + text + status
  }

  private func line(_ result: TrialResult) -> String {
    let width = TrialResult.Kind.allCases.map(\.rawValue.count).max() ?? 0
    let word = result.kind.rawValue
    let reason = result.reason.map { ": \($0)" } ?? ""
    return "\(word)\(String(repeating: " ", count: width - word.count))  \(result.trial.name) (\(Duration.text(result.seconds)))\(reason)".harmless
  }

  private func status(_ state: TestSession.State, _ seconds: Double) -> String {
    func count(_ kind: TrialResult.Kind) -> Int { state.results.count { $0.kind == kind } }
    let done = state.results.count
    let left = done == 0 ? "" : ", about \(Duration.text(seconds / Double(done) * Double(total - done))) left"
    return "\(state.running.count) running, \(count(.passed)) passed, \(count(.failed)) failed, \(state.waiting.count) waiting\(left)"
  }
}
