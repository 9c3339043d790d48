internal import Primitives
internal import Synchronization

/// Instructions that a processor does not have, by name: the opcode's bytes and what chose among its instructions.
/// There are finitely many names, so that no guest can make this grow without end.
public final class InstructionTally: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  public init() {}

  func count(_ name: String) { counts.withLock { $0[name, default: 0] &+= 1 } }

  /// The most frequent first.
  public var list: [(name: String, count: Int)] {
    counts.withLock { $0 }.map { ($0.key, $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  static func name(_ i: Instruction) -> String {
    var text = i.prefixes.contains(.repeatNonzero) ? "F2 " : i.prefixes.contains(.repeatZero) ? "F3 " : i.prefixes.contains(.operandSize) ? "66 " : ""
    text += ["", "0F ", "0F 38 ", "0F 3A ", "VEX ", "VEX 0F ", "VEX 0F 38 ", "VEX 0F 3A "][Int(i.map & 7)]
    text += i.opcode.hex(digits: 2).uppercased()
    let row = opcodeTable[i.map & 7, i.opcode]
    if row.hasModRM { text += " /\(i.extension3)\(i.isMemory ? "" : " register")" }
    return text
  }
}
