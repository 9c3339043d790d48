/// The letters of text mode: code page 437, sixteen lines of eight dots.
///
/// ASCII and the signs of menus are drawn in `FontTable`; frames are drawn from what they connect, and letters
/// with accents look like those without.
enum Font {
  static let width = 8
  static let height = 16

  static func line(_ line: Int, of character: UInt8) -> UInt8 { lines[Int(character) * height + line] }

  private static let lines: [UInt8] = {
    var lines = [UInt8](repeating: 0, count: 256 * height)
    func draw(_ character: Int, _ rows: [UInt8], from first: Int = 0) {
      for (number, row) in rows.enumerated() where first + number < height {
        lines[character * height + first + number] = row
      }
    }
    for glyph in FontTable.glyphs.split(separator: "\n") {
      let parts = glyph.split(separator: " ").map(String.init)
      guard parts.count == 3, let character = Int(parts[0], radix: 16), let first = Int(parts[1]) else { continue }
      let digits = Array(parts[2])
      draw(character, stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }, from: first)
    }
    for (number, letter) in FontTable.substitutes.utf8.enumerated() where letter != UInt8(ascii: " ") {
      let source = Int(letter) * height
      draw(0x80 + number, Array(lines[source..<source + height]))
    }
    for (number, arms) in FontTable.frames.split(separator: " ").enumerated() {
      draw(0xB3 + number, frame(arms.utf8.map { $0 - UInt8(ascii: "0") }))
    }
    return lines
  }()

  /// A piece of a frame.
  ///
  /// - Parameter arms: how many lines go up, right, down and left.
  private static func frame(_ arms: [UInt8]) -> [UInt8] {
    guard arms.count == 4 else { return [] }
    let (up, right, down, left) = (arms[0], arms[1], arms[2], arms[3])
    /// The dots of so many upright lines.
    func upright(_ count: UInt8) -> UInt8 { count == 0 ? 0 : count == 1 ? 0x08 : 0x14 }
    func level(_ count: UInt8) -> Set<Int> { count == 0 ? [] : count == 1 ? [7] : [6, 8] }
    // Where the lines of the other direction end, an arm ends, too.
    let top = level(max(left, right)).min() ?? 7
    let bottom = level(max(left, right)).max() ?? 7
    return (0..<height).map { row in
      var dots: UInt8 = 0
      if row <= (down == 0 ? bottom : top) { dots |= upright(up) }
      if row >= (up == 0 ? top : bottom) { dots |= upright(down) }
      if up != 0, down != 0, row >= top, row <= bottom { dots |= upright(max(up, down)) }
      let outer = upright(max(up, down))
      if level(left).contains(row) { dots |= outer == 0x14 && right == 0 ? 0xF4 : 0xF8 }
      if level(right).contains(row) { dots |= outer == 0x14 && left == 0 ? 0x1F : 0x0F }
      return dots
    }
  }
}
