/// What the decoder knows of one opcode; rows of `opcodeText` parsed.
struct OpcodeRow {
  /// By ModRM.reg, if that chooses among a group; else all the same.
  var operations = InlineArray<8, Operation>(repeating: .undefined)
  var isGroup = false
  var operands = InlineArray<3, Operand?>(repeating: nil)
  /// The operations that it names: one, or eight.
  var named: [Operation] { (0..<(isGroup ? 8 : 1)).map { operations[$0] } }
  var hasModRM = false
  var validity: Validity = .always
  /// The operand size is 64 bits in 64-bit code, or 16 with a prefix.
  var isWideByDefault = false

  enum Validity { case always, never64, only64 }
  static let undefined = OpcodeRow()
}

/// An operand in the notation of the manual's opcode map: addressing method and size.
struct Operand: Equatable {
  enum Method { case rm, reg, memory, opcode, accumulator, immediate, signedByte, branch, far, offset, segment, control, one, count }
  var method: Method
  /// 1, 2, 4 or 8 bytes; 0 the operand size; 5 the operand size but 4 for 8; 6 doubleword or quadword by REX.W; 7 the mode's.
  var size: UInt8
}

extension Operand {
  /// Parses the manual's notation; nil if it is none.
  init?(_ word: String) {
    switch word {
    case "AL": self.init(method: .accumulator, size: 1)
    case "eAX": self.init(method: .accumulator, size: 0)
    case "1": self.init(method: .one, size: 1)
    case "CL": self.init(method: .count, size: 1)
    case "Is": self.init(method: .signedByte, size: 1)
    case "M": self.init(method: .memory, size: 0)
    case "B": self.init(method: .memory, size: 1)
    case "A": self.init(method: .far, size: 0)
    default:
      let letters = Array(word.utf8)
      guard letters.count == 2, let method = Method(letter: letters[0]), let size = Self.size(letter: letters[1]) else { return nil }
      self.init(method: method, size: size)
    }
  }

  private static func size(letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "b"): 1
    case UInt8(ascii: "w"): 2
    case UInt8(ascii: "d"): 4
    case UInt8(ascii: "q"): 8
    case UInt8(ascii: "v"): 0
    case UInt8(ascii: "z"): 5
    case UInt8(ascii: "y"): 6
    case UInt8(ascii: "m"): 7
    default: nil
    }
  }
}

extension Operand.Method {
  fileprivate init?(letter: UInt8) {
    switch letter {
    case UInt8(ascii: "E"): self = .rm
    case UInt8(ascii: "G"): self = .reg
    case UInt8(ascii: "Z"): self = .opcode
    case UInt8(ascii: "I"): self = .immediate
    case UInt8(ascii: "J"): self = .branch
    case UInt8(ascii: "O"): self = .offset
    case UInt8(ascii: "S"): self = .segment
    case UInt8(ascii: "C"): self = .control
    default: return nil
    }
  }
}
