internal import Primitives

/// A value of JSON. Members keep their order, so that the same report is the same text.
public enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  public struct Member: Equatable, Sendable {
    public let name: String
    public let value: JSON

    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// An object with members in this order.
  public static func members(_ list: (String, JSON)...) -> JSON { .object(list.map { Member($0.0, $0.1) }) }

  public static func strings(_ list: [String]) -> JSON { .array(list.map(JSON.string)) }

  /// The string, or null.
  public static func optional(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }

  /// The number, with three digits behind the point, or null.
  public static func seconds(_ value: Double?) -> JSON { value.map { .number(($0 * 1000).rounded() / 1000) } ?? .null }

  // MARK: Looking into a value that somebody else may have written

  public subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  public var text: String? { if case .string(let text) = self { text } else { nil } }
  public var list: [JSON] { if case .array(let list) = self { list } else { [] } }

  public var number: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  public var integer: Int? { if case .integer(let value) = self { value } else { nil } }

  // MARK: As text

  /// Two spaces for each step inwards, and a line feed at the end.
  public var document: String {
    var text = ""
    write(to: &text, "\n")
    return text + "\n"
  }

  private func write(to text: inout String, _ line: String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.write(value, to: &text)
    case .array(let list):
      Self.write(list, "[", "]", to: &text, line) { value, text, line in value.write(to: &text, line) }
    case .object(let members):
      Self.write(members, "{", "}", to: &text, line) { member, text, line in
        Self.write(member.name, to: &text)
        text += ": "
        member.value.write(to: &text, line)
      }
    }
  }

  private static func write<T>(
    _ list: [T], _ start: String, _ end: String, to text: inout String, _ line: String, _ element: (T, inout String, String) -> Void
  ) {
    guard !list.isEmpty else { return text += start + end }
    text += start
    for (index, value) in list.enumerated() {
      text += (index == 0 ? "" : ",") + line + "  "
      element(value, &text, line + "  ")
    }
    text += line + end
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      // What a terminal would obey stays a number.
      case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
        text += "\\u" + scalar.value.hex(digits: 4)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
