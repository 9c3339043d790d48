extension String {
  /// The longest line that is shown, in characters.
  private static let longest = 2000

  /// One line that a terminal shows and does not obey, for texts that came from outside: what moves the cursor or turns
  /// the direction of writing becomes visible, and of a very long text the middle is left out.
  public var harmless: String {
    var shown = ""
    shown.reserveCapacity(utf8.count)
    for scalar in shortened.unicodeScalars {
      if Self.isControl(scalar) { shown += "\\u{\(Swift.String(scalar.value, radix: 16, uppercase: true))}" } else { shown.unicodeScalars.append(scalar) }
    }
    return shown
  }

  private var shortened: String {
    guard utf8.count > Self.longest, count > Self.longest else { return self }
    let half = Self.longest / 2
    return "\(prefix(half)) [\(count - 2 * half) characters] \(suffix(half))"
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: true
    // Without a width, breaking the line, or turning the direction.
    case 0x061C, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
    default: false
    }
  }
}
