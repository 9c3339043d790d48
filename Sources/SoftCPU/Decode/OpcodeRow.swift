/// What the decoder knows of one opcode; rows of `opcodeText` parsed.
struct OpcodeRow {
  /// One operation, or eight for a group chosen by ModRM.reg.
  var operations: [Operation] = [.undefined]
  var operands: [Operand] = []
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
  private static let whole: [String: Operand] = [
    "AL": Operand(method: .accumulator, size: 1), "eAX": Operand(method: .accumulator, size: 0), "1": Operand(method: .one, size: 1),
    "CL": Operand(method: .count, size: 1), "Is": Operand(method: .signedByte, size: 1), "M": Operand(method: .memory, size: 0),
    "B": Operand(method: .memory, size: 1), "A": Operand(method: .far, size: 0),
  ]
  private static let methods: [Character: Method] = [
    "E": .rm, "G": .reg, "Z": .opcode, "I": .immediate, "J": .branch, "O": .offset, "S": .segment, "C": .control,
  ]
  private static let sizes: [Character: UInt8] = ["b": 1, "w": 2, "d": 4, "q": 8, "v": 0, "z": 5, "y": 6, "m": 7]

  /// Parses the manual's notation; nil if it is none.
  init?(_ word: String) {
    if let known = Self.whole[word] {
      self = known
      return
    }
    guard word.count == 2, let first = word.first, let method = Self.methods[first], let last = word.last, let size = Self.sizes[last]
    else { return nil }
    self.init(method: method, size: size)
  }
}
