/// Notices a kernel's last words in its console.
struct PanicWatch: Sendable {
  static let words = Array("Kernel panic - not syncing".utf8)
  private var matched = 0

  /// True with the byte that completes the words.
  mutating func sees(_ byte: UInt8) -> Bool {
    if byte == Self.words[matched] {
      matched += 1
    } else {
      // No proper prefix of the words is also a suffix of one, so a mismatch starts over.
      matched = byte == Self.words[0] ? 1 : 0
    }
    guard matched == Self.words.count else { return false }
    matched = 0
    return true
  }
}
