internal import Host
internal import Reports

/// The report for people, a line each.
extension TestReport {
  private static let lastLines = 10
  /// Before what swboot says, and there before the console's lines.
  private static let (sayer, consoleMark) = ("swboot: ", "  | ")

  /// What has not passed, with its last lines and complaints, and how many have.
  public var lines: [String] {
    bad.flatMap(Self.story) + missing.map { "missing: \($0)" } + [sum]
  }

  private static func story(_ result: TrialResult) -> [String] {
    var lines = ["", "\(result.kind.rawValue): \(result.trial.name): \(result.reason ?? "")"]
    lines += result.parts.filter { $0.result == .failed && !$0.isSum }.map { "  not ok: \($0.name)" }
    lines += result.complaints.map { "  \($0.kind.rawValue): \($0.title)" }
    let output = result.output.split(whereSeparator: \.isNewline)
    // What swboot itself has to say has been said. Where the test has not said a word, the kernel's last ones may help.
    let own = output.filter { !$0.hasPrefix(sayer) }
    let kernels = output.filter { $0.hasPrefix(sayer + consoleMark) }.map { $0.dropFirst((sayer + consoleMark).count) }
    lines += (own.isEmpty ? kernels : own).suffix(lastLines).map { "  | \($0)" }
    return lines.map(\.harmless)
  }

  private var sum: String {
    let counts = TrialResult.Kind.allCases.map { (kind: $0, count: count($0)) }.filter { $0.count > 0 }
    let words = counts.map { "\($0.count) \($0.kind.rawValue)" } + (missing.isEmpty ? [] : ["\(missing.count) missing"])
    return "\(words.isEmpty ? "nothing to do" : words.joined(separator: ", ")), \(Duration.text(seconds))"
  }
}

enum Duration {
  /// `7.3 s`, or `2 min 5 s`.
  static func text(_ seconds: Double) -> String {
    let seconds = min(max(seconds, 0), 1e9)
    guard seconds >= 60 else { return "\((seconds * 10).rounded() / 10) s" }
    return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
  }
}
