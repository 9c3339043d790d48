import Primitives

/// ACPI machine language (ACPI 6.4, chapter 20): each function gives the bytes of one term.
enum AML {
  typealias Term = [UInt8]

  static let zero: Term = [0x00]
  static let one: Term = [0x01]

  // MARK: Named objects

  static func scope(_ name: String, _ body: [Term]) -> Term {
    [0x10] + counted(nameString(name) + body.together)
  }

  static func device(_ name: String, _ body: [Term]) -> Term {
    [0x5B, 0x82] + counted(nameString(name) + body.together)
  }

  static func name(_ name: String, _ value: Term) -> Term {
    [0x08] + nameString(name) + value
  }

  /// A method that one thread runs at a time, as it may create names.
  static func method(_ name: String, arguments: UInt8, _ body: [Term]) -> Term {
    [0x14] + counted(nameString(name) + [arguments & 7 | 0x08] + body.together)
  }

  static func createDWordField(_ name: String, in buffer: Term, at offset: UInt64) -> Term {
    [0x8A] + buffer + integer(offset) + nameString(name)
  }

  // MARK: Data

  static func integer(_ value: UInt64) -> Term {
    var term: Term = []
    switch value {
    case 0: return zero
    case 1: return one
    case ...0xFF: term = [0x0A, UInt8(value)]
    case ...0xFFFF:
      term = [0x0B]
      term.append(littleEndian: UInt16(value))
    case ...0xFFFF_FFFF:
      term = [0x0C]
      term.append(littleEndian: UInt32(value))
    default:
      term = [0x0E]
      term.append(littleEndian: value)
    }
    return term
  }

  static func string(_ text: String) -> Term { [0x0D] + text.utf8 + [0] }

  static func buffer(_ bytes: [UInt8]) -> Term {
    [0x11] + counted(integer(UInt64(bytes.count)) + bytes)
  }

  /// A package: at most 255 elements.
  static func package(_ elements: [Term]) -> Term {
    [0x12] + counted([UInt8(elements.count)] + elements.together)
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

  /// Bytes behind their package length, which counts itself.
  static func counted(_ body: [UInt8]) -> Term {
    if body.count + 1 < 0x40 { return [UInt8(body.count + 1)] + body }
    var extra = 1
    while body.count + 1 + extra >= 1 << (4 + 8 * extra) { extra += 1 }
    precondition(extra <= 3, "a package is smaller than 256 MiB")
    let length = body.count + 1 + extra
    var term: Term = [UInt8(extra << 6 | length & 0xF)]
    for index in 0..<extra { term.append(UInt8(truncatingIfNeeded: length >> (4 + 8 * index))) }
    return term + body
  }

  private static func hexDigit(_ character: UInt8) -> UInt32 {
    UInt32(character <= UInt8(ascii: "9") ? character - UInt8(ascii: "0") : (character & 0xDF) - UInt8(ascii: "A") + 10)
  }
}

extension Array<AML.Term> {
  /// One term after the other: whole arrays at a time, for this is a good part of a machine's start.
  var together: AML.Term { reduce(into: []) { $0 += $1 } }
}
