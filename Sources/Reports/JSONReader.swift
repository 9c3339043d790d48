/// Reads a value of JSON out of bytes that anybody may have written.
struct JSONReader {
  /// Deeper ones are none of ours.
  private static let deepest = 64

  private let bytes: [UInt8]
  private var place = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Nil where the bytes are not one value.
  static func value(in bytes: [UInt8]) -> JSON? {
    var reader = JSONReader(bytes)
    guard let value = reader.value(depth: 0) else { return nil }
    reader.skipSpace()
    return reader.place == bytes.count ? value : nil
  }

  private var next: UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

  private mutating func skipSpace() { while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { place += 1 } }

  private mutating func takes(_ word: String) -> Bool {
    guard bytes[place...].starts(with: word.utf8) else { return false }
    place += word.utf8.count
    return true
  }

  private mutating func value(depth: Int) -> JSON? {
    guard depth < Self.deepest else { return nil }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return object(depth)
    case UInt8(ascii: "["): return array(depth)
    case UInt8(ascii: "\""): return string().map(JSON.string)
    case UInt8(ascii: "t"): return takes("true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return takes("false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return takes("null") ? .null : nil
    default: return number()
    }
  }

  /// What stands between two marks, with commas between; nil if something is wrong.
  private mutating func list<T>(until end: String, _ element: (inout Self) -> T?) -> [T]? {
    place += 1
    skipSpace()
    if takes(end) { return [] }
    var list: [T] = []
    while let value = element(&self) {
      list.append(value)
      skipSpace()
      if takes(end) { return list }
      guard takes(",") else { return nil }
    }
    return nil
  }

  private mutating func array(_ depth: Int) -> JSON? {
    list(until: "]") { $0.value(depth: depth + 1) }.map(JSON.array)
  }

  private mutating func object(_ depth: Int) -> JSON? {
    list(until: "}") { reader -> JSON.Member? in
      reader.skipSpace()
      guard reader.next == UInt8(ascii: "\""), let name = reader.string() else { return nil }
      reader.skipSpace()
      guard reader.takes(":"), let value = reader.value(depth: depth + 1) else { return nil }
      return JSON.Member(name, value)
    }.map(JSON.object)
  }

  private mutating func number() -> JSON? {
    let start = place
    while let byte = next, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) { place += 1 }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    return Int(text).map(JSON.integer) ?? Double(text).map(JSON.number)
  }

  private mutating func string() -> String? {
    place += 1
    var content: [UInt8] = []
    while let byte = next {
      place += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let meaning = escaped() else { return nil }
        content += Array(String(meaning).utf8)
      default: content.append(byte)
      }
    }
    return nil
  }

  private mutating func escaped() -> Character? {
    guard let mark = next else { return nil }
    place += 1
    switch mark {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"):
      guard let first = unit() else { return nil }
      guard (0xD800..<0xDC00).contains(first) else { return character(first) }
      // Two halves make one character.
      guard takes("\\u"), let second = unit(), (0xDC00..<0xE000).contains(second) else { return "\u{FFFD}" }
      return character(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    default: return Character(UnicodeScalar(mark))
    }
  }

  private mutating func unit() -> UInt32? {
    guard place + 4 <= bytes.count else { return nil }
    defer { place += 4 }
    return UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16)
  }

  private func character(_ value: UInt32) -> Character { Character(UnicodeScalar(value) ?? "\u{FFFD}") }
}

extension JSON {
  /// Nil where the bytes are no JSON.
  public init?(_ bytes: [UInt8]) {
    guard let value = JSONReader.value(in: bytes) else { return nil }
    self = value
  }
}
