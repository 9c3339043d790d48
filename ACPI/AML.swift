import Primitives

/// ACPI machine language (ACPI 6.4, chapter 20): each function gives the bytes of one term.
enum AML {
  typealias Term = [UInt8]

  static let zero: Term = [0x00]
  static let one: Term = [0x01]

  // MARK: Named objects

  static func scope(_ name: String, _ body: [Term]) -> Term {
    counted([0x10], [nameString(name)] + body)
  }

  static func device(_ name: String, _ body: [Term]) -> Term {
    counted([0x5B, 0x82], [nameString(name)] + body)
  }

  static func name(_ name: String, _ value: Term) -> Term {
    [0x08] + nameString(name) + value
  }

  /// A method that one thread runs at a time, as it may create names.
  static func method(_ name: String, arguments: UInt8, _ body: [Term]) -> Term {
    counted([0x14], [nameString(name), [arguments & 7 | 0x08]] + body)
  }

  static func createDWordField(_ name: String, in buffer: Term, at offset: UInt64) -> Term {
    [0x8A] + buffer + integer(offset) + nameString(name)
  }

  // MARK: Data

  static func integer(_ value: UInt64) -> Term {
    func byte(_ number: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value >> (8 * number)) }
    return switch value {
    case 0: zero
    case 1: one
    case ...0xFF: [0x0A, byte(0)]
    case ...0xFFFF: [0x0B, byte(0), byte(1)]
    case ...0xFFFF_FFFF: [0x0C, byte(0), byte(1), byte(2), byte(3)]
    default: [0x0E, byte(0), byte(1), byte(2), byte(3), byte(4), byte(5), byte(6), byte(7)]
    }
  }

  static func string(_ text: String) -> Term { [0x0D] + text.utf8 + [0] }

  static func buffer(_ bytes: [UInt8]) -> Term {
    counted([0x11], [integer(UInt64(bytes.count)), bytes])
  }

  /// A package: at most 255 elements.
  static func package(_ elements: [Term]) -> Term {
    counted([0x12], [[UInt8(elements.count)]] + elements)
  }

  /// A compressed Plug and Play id, such as PNP0501: three letters of five bits, four hex digits.
  static func eisaID(_ text: String) -> Term {
    var value: UInt32 = 0
    for (position, character) in text.utf8.enumerated() {
      value =
        position < 3
        ? value << 5 | UInt32(character) & 0x1F
        : value << 4 | hexDigit(character)
    }
    return integer(UInt64(value.byteSwapped))
  }

  /// A UUID as a buffer, the first three fields little-endian.
  static func uuid(_ text: String) -> Term {
    let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }.map(hexDigit)
    let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    return buffer([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { bytes[$0] })
  }

  // MARK: Encodings

  /// A name of one segment, padded with underscores.
  static func nameString(_ name: String) -> Term {
    let letters = Term(name.utf8)
    precondition((1...4).contains(letters.count), "a name segment has one to four letters")
    return letters + Term(repeating: UInt8(ascii: "_"), count: 4 - letters.count)
  }

  /// An operator, the length of the rest, which counts itself, and the rest.
  static func counted(_ term: Term, _ parts: [Term]) -> Term {
    let size = parts.reduce(0) { $0 + $1.count }
    var extra = 0
    while size + 1 + extra >= (extra == 0 ? 0x40 : 1 << (4 + 8 * extra)) { extra += 1 }
    precondition(extra <= 3, "a package is smaller than 256 MiB")
    let length = size + 1 + extra
    var term = term
    term.reserveCapacity(term.count + length)
    term.append(extra == 0 ? UInt8(length) : UInt8(extra << 6 | length & 0xF))
    for index in 0..<extra { term.append(UInt8(truncatingIfNeeded: length >> (4 + 8 * index))) }
    for part in parts { term += part }
    return term
  }

  private static func hexDigit(_ character: UInt8) -> UInt32 {
    UInt32(character <= UInt8(ascii: "9") ? character - UInt8(ascii: "0") : (character & 0xDF) - UInt8(ascii: "A") + 10)
  }
}
