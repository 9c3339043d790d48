/// Notices a guest that resets itself again and again in silence, for which the user would wait for ever.
struct ResetWatch: Sendable {
  static let limit = 5
  static let period: UInt64 = 1_000_000_000
  static let advice = "the guest resets itself again and again without a word: it may need a firmware (--firmware builtin), or its console is another one. --no-reboot ends the run at a reset."

  private var moments: [UInt64] = []
  private var hasTold = false

  /// True once: with a reset that comes after more than `limit` others in `period` nanoseconds.
  mutating func sees(resetAt now: UInt64, afterWords: Bool) -> Bool {
    guard !afterWords else {
      moments = []
      return false
    }
    moments = moments.filter { now &- $0 < Self.period } + [now]
    guard moments.count > Self.limit, !hasTold else { return false }
    hasTold = true
    return true
  }
}
