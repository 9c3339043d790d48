internal import Host
internal import Reports

/// The report in formats of others.
extension TestReport {
  // MARK: JUnit's XML, which most CI systems read

  public var junit: String {
    var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites>"]
    var kernels: [String] = []
    for kernel in results.map({ $0.trial.kernel ?? "" }) where !kernels.contains(kernel) { kernels.append(kernel) }
    for kernel in kernels {
      let cases = results.filter { ($0.trial.kernel ?? "") == kernel }.flatMap(Self.cases)
      func count(_ tag: String) -> Int { cases.count { $0.contains("<\(tag) ") } }
      lines.append(
        "  <testsuite name=\"\(XML.escaped(kernel.isEmpty ? "swboot" : kernel))\" tests=\"\(cases.count)\" failures=\"\(count("failure"))\" errors=\"\(count("error"))\" skipped=\"\(count("skipped"))\">"
      )
      lines += cases
      lines.append("  </testsuite>")
    }
    return (lines + ["</testsuites>", ""]).joined(separator: "\n")
  }

  /// A test, and each of its parts.
  private static func cases(_ result: TrialResult) -> [String] {
    let (reason, text) = (XML.escaped(result.reason ?? ""), XML.escaped(details(result)))
    let content =
      switch result.kind {
      case .passed: ""
      case .failed: "<failure message=\"\(reason)\">\(text)</failure>"
      case .skipped: "<skipped message=\"\(reason)\"/>"
      case .unjudged: "<error message=\"\(reason)\">\(text)</error>"
      }
    let kernel = XML.escaped(result.trial.kernel ?? "")
    let name = result.trial.repetition.map { "\(result.trial.test) (\($0))" } ?? result.trial.test
    let parts = result.parts.filter { !$0.isSum }.map { part in
      let content =
        switch part.result {
        case .passed: ""
        case .failed: "<failure message=\"not ok\"></failure>"
        case .skipped: "<skipped message=\"\"/>"
        }
      return "    <testcase classname=\"\(kernel)\" name=\"\(XML.escaped("\(name): \(part.name)"))\">\(content)</testcase>"
    }
    return ["    <testcase classname=\"\(kernel)\" name=\"\(XML.escaped(name))\" time=\"\(result.seconds)\">\(content)</testcase>"] + parts
  }

  private static func details(_ result: TrialResult) -> String { (result.complaints.map { $0.lines.joined(separator: "\n") } + [result.output]).joined(separator: "\n\n") }

  // MARK: TAP

  /// The lines before all results.
  public static func tapBeginning(of count: Int) -> String { "TAP version 14\n1..\(count)\n" }

  /// The line of one result.
  public static func tap(_ result: TrialResult, number: Int) -> String {
    // A number sign would begin a directive.
    let name = String(result.trial.name.map { $0 == "#" ? "_" : $0 }).harmless
    let reason = (result.reason ?? "").harmless
    switch result.kind {
    case .passed: return "ok \(number) - \(name)"
    case .skipped: return "ok \(number) - \(name) # SKIP \(reason)"
    case .failed, .unjudged: return "not ok \(number) - \(name)\n  # \(result.kind.rawValue): \(reason)"
    }
  }

  // MARK: GitHub's annotations

  public var annotations: [String] {
    bad.map { result in
      let complaints = result.complaints.map(\.title)
      return "::error title=\(Self.property(result.trial.name))::\(Self.message(([result.reason ?? ""] + complaints).joined(separator: "\n")))"
    }
  }

  private static func message(_ text: String) -> String {
    text.map { $0 == "%" ? "%25" : $0.isNewline ? "%0A" : "\($0)" }.joined()
  }

  private static func property(_ text: String) -> String { message(text).map { $0 == ":" ? "%3A" : $0 == "," ? "%2C" : "\($0)" }.joined() }
}
