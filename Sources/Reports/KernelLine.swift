/// A line of a console, and what a Linux kernel may have meant by it.
struct KernelLine {
  /// Seconds since the kernel's start, where the line has them.
  let time: Double?
  /// What stands behind the time and the mark of who says it.
  let content: ArraySlice<UInt8>

  /// - Parameter bytes: without what ends the line.
  init(_ bytes: [UInt8]) {
    var (time, rest): (Double?, ArraySlice<UInt8>) = (nil, bytes[...])
    // A prompt or a program's last word may stand before it.
    for start in bytes.indices where bytes[start] == UInt8(ascii: "[") {
      guard let (seconds, end) = Self.time(bytes, at: start + 1) else { continue }
      (time, rest) = (seconds, bytes[end...])
      break
    }
    if time != nil, rest.first == UInt8(ascii: "["), let end = rest.prefix(16).firstIndex(of: UInt8(ascii: "]")) { rest = rest[(end + 1)...] }
    if time != nil, rest.first == 0x20 { rest = rest.dropFirst() }
    if rest.last == 0x0D { rest = rest.dropLast() }
    self.time = time
    content = rest
  }

  /// `   12.345678]`, and where it ends.
  private static func time(_ bytes: [UInt8], at start: Int) -> (seconds: Double, end: Int)? {
    let text = bytes[start...].prefix(24).drop { $0 == 0x20 }
    guard let end = text.firstIndex(of: UInt8(ascii: "]")), text[..<end].allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
      let point = text[..<end].firstIndex(of: UInt8(ascii: ".")), end - point == 7,
      let seconds = Double(String(decoding: text[..<end], as: UTF8.self))
    else { return nil }
    return (seconds, end + 1)
  }

  var text: String { String(decoding: content, as: UTF8.self) }

  func begins(with word: String) -> Bool { content.starts(with: word.utf8) }

  func contains(_ word: String) -> Bool { place(of: word) != nil }

  private func place(of word: String) -> Int? {
    guard let first = word.utf8.first else { return nil }
    return content.indices.first { content[$0] == first && content[$0...].starts(with: word.utf8) }
  }

  // MARK: Marks

  /// What follows, up to a line of another kind, belongs together.
  var isCut: Bool { begins(with: "------------[ cut here ]") }
  /// The line that sanitizers put around their reports, and lockdep before its own.
  var isRule: Bool { content.count >= 20 && content.allSatisfy { $0 == UInt8(ascii: "=") } }
  var endsTrace: Bool { begins(with: "---[ end ") }
  var endsTask: Bool { content.drop { $0 == 0x20 }.starts(with: "</TASK>".utf8) }
  /// The processor's exception, with an error code and a number: `Oops: 0002 [#1]`.
  var isExceptionHeader: Bool {
    guard let mark = place(of: " [#"), mark - content.startIndex > 6 else { return false }
    let code = content[(mark - 4)..<mark]
    return content[(mark - 6)..<(mark - 4)].elementsEqual(": ".utf8) && code.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
  }
  var isKill: Bool { contains("ut of memory: Killed process ") || contains("ut of memory: Kill process ") }

  /// The kernel's version, where the line is its first.
  var release: String? {
    guard begins(with: "Linux version ") else { return nil }
    return String(decoding: content.dropFirst(14).prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
  }

  // MARK: Kinds

  /// The complaint that begins with this line; nil if none does.
  var kind: Complaint.Kind? {
    if isExceptionHeader { return .oops }
    if begins(with: "BUG") || begins(with: "watchdog: BUG: soft lockup") || begins(with: "kernel BUG at ") { return bug }
    if begins(with: "WARNING: ") { return warning }
    if begins(with: "INFO: ") || begins(with: "rcu: INFO: ") { return information }
    if begins(with: "Kernel panic - not syncing") { return contains("Unable to mount root fs") ? .noRoot : .panic }
    if begins(with: "UBSAN: ") { return .ubsan }
    if contains("Watchdog detected hard LOCKUP") { return .hardLockup }
    return contains(" invoked oom-killer: ") || isKill ? .oomKill : nil
  }

  private var bug: Complaint.Kind? {
    for (word, kind) in Self.bugs where begins(with: word) { return kind }
    return begins(with: "BUG: ") || begins(with: "kernel BUG at ") || (begins(with: "BUG ") && contains("ainted")) ? .bug : nil
  }

  private static let bugs: [(String, Complaint.Kind)] = [
    ("BUG: KASAN: ", .kasan), ("BUG: KFENCE: ", .kfence), ("BUG: KMSAN: ", .kmsan), ("BUG: KCSAN: ", .kcsan),
    ("BUG: soft lockup", .softLockup), ("watchdog: BUG: soft lockup", .softLockup), ("BUG: unable to handle ", .oops),
    ("BUG: kernel NULL pointer dereference", .oops), ("BUG: stack guard page", .oops), ("BUG: TASK stack guard page", .oops),
    ("BUG: IRQ stack guard page", .oops), ("BUG: workqueue lockup", .softLockup), ("BUG: Invalid wait context", .lockdep),
    ("BUG: MAX_", .lockdep),
  ]

  private var warning: Complaint.Kind? {
    if begins(with: "WARNING: CPU: ") || begins(with: "WARNING: at ") || (contains(" at ") && contains(", CPU#")) { return .warning }
    return Self.lockWords.contains(where: contains) ? .lockdep : nil
  }

  private static let lockWords: [String] = [
    "locking dependency", "recursive locking", "lock state", "suspicious RCU usage", "lock inversion", "lock order detected",
    "unlock balance", "held lock freed", "lock held when returning", "lock held at task exit", "lock(s) held", "Nested lock was not taken",
  ]

  private var information: Complaint.Kind? {
    if begins(with: "INFO: task ") { return contains(" for more than ") ? .hungTask : nil }
    if begins(with: "INFO: trying to register non-static key") { return .lockdep }
    return (begins(with: "INFO: rcu") || begins(with: "rcu: INFO: rcu")) && contains("stall") ? .rcuStall : nil
  }
}
