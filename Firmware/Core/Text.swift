/// Words of the firmware's own: a literal, byte by byte.
///
/// `String` would bring its Unicode tables and a heap. Safe because every access is checked against the literal.
@safe package struct Text: ExpressibleByStringLiteral, Sendable {
  private let literal: StaticString

  package init(stringLiteral literal: StaticString) { self.literal = literal }

  package var count: Int { literal.utf8CodeUnitCount }

  /// A byte of it; zero after its end.
  package subscript(index: Int) -> UInt8 {
    guard index >= 0, index < count else { return 0 }
    return unsafe literal.utf8Start[index]
  }
}
