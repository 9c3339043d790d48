internal import Host
internal import Primitives
/// Finds the packets of GDB's remote protocol in a stream of bytes: `$` data `#` checksum.
struct PacketReader {
  enum Event: Equatable {
    case packet([UInt8])
    /// The checksum is wrong, or the packet too long: it wants to be sent again.
    case damaged
    /// Ctrl-C.
    case interrupt
    case retransmit
  }

  private enum State {
    case outside
    case inside
    case checksum(first: UInt8?)
  }

  static let limit = 1 << 14
  private var state = State.outside
  private var data: [UInt8] = []

  mutating func read(_ byte: UInt8) -> Event? {
    switch state {
    case .outside:
      switch byte {
      case UInt8(ascii: "$"):
        data = []
        state = .inside
      case 3: return .interrupt
      case UInt8(ascii: "-"): return .retransmit
      default: break
      }
    case .inside:
      switch byte {
      case UInt8(ascii: "$"): data = []
      case UInt8(ascii: "#"): state = .checksum(first: nil)
      default: if data.count <= Self.limit { data.append(byte) }
      }
    case .checksum(nil): state = .checksum(first: byte)
    case .checksum(let first?):
      state = .outside
      let sum = data.reduce(UInt8(0), &+)
      guard Hex.bytes([first, byte]) == [sum], data.count <= Self.limit else { return .damaged }
      return .packet(data)
    }
    return nil
  }

  /// A packet around `data`.
  static func frame(_ data: [UInt8]) -> [UInt8] {
    [UInt8(ascii: "$")] + data + [UInt8(ascii: "#")] + Hex.text([data.reduce(0, &+)]).utf8
  }

  /// Binary data whose special bytes are marked.
  static func escaped(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    bytes.flatMap { "#$}*".utf8.contains($0) ? [UInt8(ascii: "}"), $0 ^ 0x20] : [$0] }
  }

  static func unescaped(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var isMarked = false
    for byte in bytes {
      if !isMarked, byte == UInt8(ascii: "}") {
        isMarked = true
        continue
      }
      result.append(isMarked ? byte ^ 0x20 : byte)
      isMarked = false
    }
    return result
  }
}

/// Bytes as pairs of hexadecimal digits.
enum Hex {
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { $0.hex(digits: 2) }.joined()
  }

  /// Nil for what is not pairs of digits.
  static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 2 == 0 else { return nil }
    var result: [UInt8] = []
    var high: UInt8?
    for character in text {
      guard let digit = Character(UnicodeScalar(character)).hexDigitValue, character < 128 else { return nil }
      if let first = high {
        result.append(first << 4 | UInt8(digit))
        high = nil
      } else {
        high = UInt8(digit)
      }
    }
    return result
  }
}
