/// Bytes with a NUL behind them, as the kernel takes paths and words.
public struct Text: Equatable, Sendable, ExpressibleByStringLiteral {
  /// With the NUL.
  public let bytes: [UInt8]

  public init(stringLiteral text: StaticString) { bytes = text.withUTF8Buffer { unsafe Array($0) } + [0] }
  public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) + [0] }

  public var count: Int { bytes.count - 1 }
  public var content: ArraySlice<UInt8> { bytes.dropLast() }

  public static func + (left: Text, right: Text) -> Text { Text(left.content + right.content) }

  /// A decimal number.
  public init(_ number: Int) {
    var digits: [UInt8] = []
    var rest = number.magnitude
    repeat {
      digits.append(0x30 + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    if number < 0 { digits.append(0x2D) }
    self.init(digits.reversed())
  }

  /// The decimal number that this is; nil if it is none.
  public var number: Int? { Self.number(content) }

  static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count <= 10 else { return nil }
    var value = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }

  func starts(with prefix: Text) -> Bool { content.starts(with: prefix.content) }

  /// The parts between a byte's occurrences.
  func parts(between separator: UInt8) -> [Text] { content.split(separator: separator, omittingEmptySubsequences: true).map { Text($0) } }
}
