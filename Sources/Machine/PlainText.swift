/// Takes the escape sequences out of a guest's output: a terminal obeys them, and some move more than the cursor.
///
/// Text, in whatever encoding, and line ends stay (ECMA-48, 5.4 and 8.3).
struct PlainText: Sendable {
  private enum State {
    case text
    /// After the first byte of what may be a control character in UTF-8.
    case lead
    case escape
    /// A control sequence, up to its final byte.
    case sequence
    /// A command for the terminal, up to its terminator or the end of the line.
    case string
    case stringLead
  }

  private static let escape: UInt8 = 0x1B
  /// The first byte of U+0080 to U+009F.
  private static let controlLead: UInt8 = 0xC2

  private var state = State.text

  /// What remains of one byte, and of bytes that waited for it.
  mutating func filter(_ byte: UInt8) -> [UInt8] {
    switch (state, byte) {
    case (.string, UInt8(ascii: "\n")), (.string, UInt8(ascii: "\r")), (.sequence, UInt8(ascii: "\n")):
      state = .text
      return [byte]
    case (_, Self.escape): state = .escape
    case (.text, Self.controlLead): state = .lead
    case (.text, _): return Self.isText(byte) ? [byte] : []
    case (.lead, 0x80...0x9F): begin(byte & 0x1F | 0x40)
    case (.lead, _):
      state = .text
      return [Self.controlLead] + filter(byte)
    case (.escape, 0x20...0x2F): break
    case (.escape, _): begin(byte)
    case (.sequence, 0x40...0x7E): state = .text
    case (.sequence, _): break
    case (.string, 7): state = .text
    case (.string, Self.controlLead): state = .stringLead
    case (.string, _): break
    case (.stringLead, _): state = byte == 0x9C ? .text : .string
    }
    return []
  }

  /// What follows an escape character, or stands for both.
  private mutating func begin(_ byte: UInt8) {
    state =
      switch byte {
      case UInt8(ascii: "["): .sequence
      case UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "]"), UInt8(ascii: "^"), UInt8(ascii: "_"): .string
      default: .text
      }
  }

  private static func isText(_ byte: UInt8) -> Bool {
    switch byte {
    case 8, 9, 10, 13: true
    case 0..<0x20, 0x7F: false
    default: true
    }
  }
}
