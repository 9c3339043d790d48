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
  public mutating func text(_ state: TestSession.State) -> String {
    let new = state.results.dropFirst(told)
    var text = ""
    for result in new {
      told += 1
      text += (writesTAP ? TestReport.tap(result, number: told) : line(result)) + "\n"
    }
    guard isTerminal else { return text }
    let status = state.isOver ? "" : self.status(state)
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

  private func status(_ state: TestSession.State) -> String {
    func count(_ kind: TrialResult.Kind) -> Int { state.results.count { $0.kind == kind } }
    let left = Self.timeLeft(state).map { ", about \(Duration.text($0)) left" } ?? ""
    return "\(state.running.count) running, \(count(.passed)) passed, \(count(.failed)) failed, \(state.waiting.count) waiting\(left)"
  }

  /// What waits, and half of what runs, will take as long as what is over, as many at once as now; nil while nothing is over.
  private static func timeLeft(_ state: TestSession.State) -> Double? {
    guard !state.results.isEmpty else { return nil }
    let mean = state.results.map(\.seconds).reduce(0, +) / Double(state.results.count)
    let running = Double(state.running.count)
    return mean * (Double(state.waiting.count) + running / 2) / max(running, 1)
  }
}
