/// What the guest's first process is told, in pairs of a word and its value with a NUL behind each.
struct PlanText {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ word: String, _ value: String) { bytes += Array(word.utf8) + [0] + Array(value.utf8) + [0] }
}
