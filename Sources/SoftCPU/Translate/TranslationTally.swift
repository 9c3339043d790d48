/// What a translator did.
struct TranslationTally: Equatable {
  var blocks = 0
  var bytes = 0
  var invalidations = 0
  /// Blocks that lost their near entries.
  var scattered = 0
  var recycled = 0
  /// How often the run loop entered translated code.
  var entries = 0
  /// How often it was left other than by an edge, by reason.
  var left: [String: Int] = [:]
  /// How often the interpreter executed an instruction for it, by operation.
  var helped: [String: Int] = [:]

  mutating func add(_ other: TranslationTally) {
    blocks += other.blocks
    bytes += other.bytes
    invalidations += other.invalidations
    scattered += other.scattered
    recycled += other.recycled
    entries += other.entries
    left.merge(other.left) { $0 + $1 }
    helped.merge(other.helped) { $0 + $1 }
  }

  /// What translated code itself counts, in its core.
  mutating func addCounters(of core: Core) {
    for exit in Exit.allCases {
      let count: Int = core.load(exit.counter)
      if count > 0 { left[exit.reason, default: 0] += count }
    }
    var number = 0
    while let operation = Operation(rawValue: number) {
      let count: Int = core.load(TranslatedState.helped + number * 8)
      if count > 0 { helped["\(operation)"] = count }
      number += 1
    }
  }

  /// Empty where nothing was translated.
  var report: [(name: String, count: Int)] {
    guard blocks > 0 else { return [] }
    return [
      ("blocks translated", blocks), ("bytes of their code", bytes), ("pages of code overwritten", invalidations),
      ("blocks whose accesses were not near each other", scattered),
      ("times that all code went", recycled), ("entries from the run loop", entries),
      ("left at a jump without a link", entries - left.values.reduce(0, +)),
    ] + Self.sorted(left, "left ") + Self.sorted(helped, "helped with ")
  }

  /// The most frequent first.
  private static func sorted(_ counts: [String: Int], _ prefix: String) -> [(name: String, count: Int)] {
    counts.map { (prefix + $0.key, $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }
}
