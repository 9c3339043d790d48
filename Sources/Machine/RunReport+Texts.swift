internal import Reports

/// What in a report names functions of the guest's kernel.
extension RunReport {
  public var texts: [String] {
    var texts = [processors ?? ""] + consoleTail
    if case .tripleFault(let text) = outcome { texts.append(text) }
    return texts + (machine?.log.complaints.flatMap(\.lines) ?? [])
  }

  /// Says more in each of these.
  public mutating func rewrite(_ better: (String) -> String) {
    processors = processors.map(better)
    consoleTail = consoleTail.map(better)
    if case .tripleFault(let text) = outcome { outcome = .tripleFault(better(text)) }
    machine?.log.rewrite(better)
  }
}
