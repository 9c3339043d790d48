/// What a translator did.
struct TranslationTally: Equatable {
  var blocks = 0
  var bytes = 0
  var invalidations = 0
  var recycled = 0
  /// How often the run loop entered translated code.
  var entries = 0
  /// How often it was left other than by an edge, in the order of Exit.
  var exits = [Int](repeating: 0, count: Exit.allCases.count)
  /// How often the interpreter executed an instruction for it, by operation.
  var helped: [String: Int] = [:]

  mutating func add(_ other: TranslationTally) {
    blocks += other.blocks
    bytes += other.bytes
    invalidations += other.invalidations
    recycled += other.recycled
    entries += other.entries
    for (k, count) in other.exits.enumerated() { exits[k] += count }
    helped.merge(other.helped) { $0 + $1 }
  }

  private var left: [(name: String, count: Int)] {
    var counts: [(name: String, count: Int)] = []
    for (exit, count) in zip(Exit.allCases, exits) where count > 0 {
      if let k = counts.firstIndex(where: { $0.name.hasSuffix(exit.reason) }) { counts[k].count += count } else { counts.append(("left " + exit.reason, count)) }
    }
    return counts
  }

  /// Empty where nothing was translated.
  var report: [(name: String, count: Int)] {
    guard blocks > 0 else { return [] }
    return [
      ("blocks translated", blocks), ("bytes of their code", bytes), ("pages of code overwritten", invalidations),
      ("times that all code went", recycled), ("entries from the run loop", entries),
      ("left at a jump without a link", entries - exits.reduce(0, +)),
    ] + left +  helped.map { ("helped with \($0.key)", $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }
}
