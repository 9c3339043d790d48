/// Where in the source of a kernel its functions' places are, and what of a text names such places.
public struct SourcePlaces: Equatable, Sendable {
  /// As many as are looked up at once.
  public static let most = 512
  private static let longestName = 256

  /// By `function+offset`.
  private var places: [String: String] = [:]

  public init() {}

  /// - Parameters:
  ///   - names: as `function+0x1f`.
  ///   - lines: what was found for each, as `file:line`; question marks for nothing.
  public init(_ names: [String], _ lines: [String]) {
    for (name, line) in zip(names, lines) where !line.hasPrefix("?") && !line.hasSuffix(":?") {
      // A compiler's number for one of several pieces of a line is nobody's concern.
      let place = line.split(separator: " ").first.map(String.init) ?? line
      places[name] = place.hasPrefix("./") ? String(place.dropFirst(2)) : place
    }
  }

  /// Every `function+offset` of the kernel itself in some texts, each once.
  public static func names(in texts: [String]) -> [String] {
    var (names, seen): ([String], Set<String>) = ([], [])
    for text in texts {
      for mark in marks(in: Array(text.utf8)) where names.count < most {
        let name = String(decoding: Array(text.utf8)[mark.name], as: UTF8.self)
        if seen.insert(name).inserted { names.append(name) }
      }
    }
    return names
  }

  /// The text with `file:line` behind each place that is known.
  public func annotated(_ text: String) -> String {
    guard !places.isEmpty else { return text }
    let bytes = Array(text.utf8)
    var (result, done): ([UInt8], Int) = ([], 0)
    for mark in Self.marks(in: bytes) {
      guard let place = places[String(decoding: bytes[mark.name], as: UTF8.self)] else { continue }
      result += bytes[done..<mark.end] + Array(" \(place)".utf8)
      done = mark.end
    }
    return String(decoding: result + bytes[done...], as: UTF8.self)
  }

  // MARK: Marks

  /// Where `function+0x1f` stands, and where what belongs to it ends: `/0x40`, the function's size.
  private static func marks(in bytes: [UInt8]) -> [(name: Range<Int>, end: Int)] {
    var marks: [(name: Range<Int>, end: Int)] = []
    for plus in bytes.indices where bytes[plus] == UInt8(ascii: "+") {
      let start = (bytes[..<plus].lastIndex { !isPartOfName($0) } ?? -1) + 1
      guard start < plus, plus - start <= longestName, let end = number(bytes, at: plus + 1) else { continue }
      let size = end < bytes.count && bytes[end] == UInt8(ascii: "/") ? number(bytes, at: end + 1) : nil
      // That of a module is in another file.
      guard !bytes[(size ?? end)...].starts(with: Array(" [".utf8)) else { continue }
      marks.append((start..<end, size ?? end))
    }
    return marks
  }

  private static func isPartOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."): true
    default: false
    }
  }

  /// The end of `0x1f`; nil if it is none.
  private static func number(_ bytes: [UInt8], at start: Int) -> Int? {
    guard start + 2 < bytes.count, bytes[start] == UInt8(ascii: "0"), bytes[start + 1] == UInt8(ascii: "x") else { return nil }
    let digits = bytes[(start + 2)...].prefix { Character(UnicodeScalar($0)).isHexDigit }
    return digits.isEmpty || digits.count > 8 ? nil : digits.endIndex
  }
}
