/// Puts what several voices say onto one stream such that each of their lines stays whole.
///
/// Whoever has begun a line goes on; the others wait for its end, but not for ever: a prompt has none.
struct LineMixer: Sendable {
  /// How long a voice waits for the end of another's line.
  static let patience: UInt64 = 100_000_000
  /// The most that a voice keeps back while it waits.
  static let limit = 1 << 14
  private static let newline = UInt8(ascii: "\n")

  /// What each voice has said and the stream has not.
  private var waiting: [[UInt8]] = []
  /// Whose line the stream is in the middle of.
  private var speaker: Int?
  /// When somebody who waits has waited long enough.
  private(set) var deadline: UInt64?

  mutating func addVoice() -> Int {
    waiting.append([])
    return waiting.count - 1
  }

  /// What goes onto the stream now that a voice says this.
  mutating func put(_ bytes: [UInt8], of voice: Int, at now: @autoclosure () -> UInt64) -> [UInt8] {
    guard waiting.count > 1 else { return bytes }
    waiting[voice] += bytes
    var output = takeLines()
    if waiting[voice].count > Self.limit { output += interrupt() }
    keepDeadline(now())
    return output
  }

  /// What goes onto the stream because time has passed.
  mutating func advance(to now: UInt64) -> [UInt8] {
    guard let due = deadline, due <= now else { return [] }
    let output = interrupt()
    keepDeadline(now)
    return output
  }

  /// What is left at the end.
  mutating func finish() -> [UInt8] {
    var output: [UInt8] = []
    while waiting.contains(where: { !$0.isEmpty }) { output += interrupt() }
    deadline = nil
    return output
  }

  /// Whole lines of everybody, and the beginning of one.
  private mutating func takeLines() -> [UInt8] {
    var output: [UInt8] = []
    if let speaker {
      output += take(from: speaker, through: waiting[speaker].lastIndex(of: Self.newline) ?? waiting[speaker].count - 1)
      guard output.last == Self.newline else { return output }
      self.speaker = nil
    }
    for voice in waiting.indices {
      if let end = waiting[voice].lastIndex(of: Self.newline) { output += take(from: voice, through: end) }
    }
    if let next = waiting.firstIndex(where: { !$0.isEmpty }) {
      speaker = next
      output += take(from: next, through: waiting[next].count - 1)
    }
    return output
  }

  /// Ends the present line in its middle, for whoever waits.
  private mutating func interrupt() -> [UInt8] {
    let isInLine = speaker != nil
    speaker = nil
    return (isInLine ? [Self.newline] : []) + takeLines()
  }

  private mutating func take(from voice: Int, through last: Int) -> [UInt8] {
    guard last >= 0 else { return [] }
    let taken = Array(waiting[voice][...last])
    waiting[voice].removeFirst(taken.count)
    return taken
  }

  private mutating func keepDeadline(_ now: UInt64) {
    let somebodyWaits = waiting.contains { !$0.isEmpty }
    deadline = somebodyWaits ? deadline ?? now + Self.patience : nil
  }
}
