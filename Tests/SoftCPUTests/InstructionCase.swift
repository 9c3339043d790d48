@testable import SoftCPU

/// One instruction with everything it starts from.
struct InstructionCase {
  var operation: Operation = .undefined
  /// Its row in the opcode table, map << 8 | opcode, and its place in a group.
  var row = 0
  var group = 0
  var code: [UInt8] = []
  /// The legacy prefixes before REX and opcode.
  var prefixes: Set<UInt8> = []
  var hasRexW = false
  var state = OracleState()
  var memory: [UInt8] = []
  var width = 4
  /// Where the count of a shift is, if it is no register: an immediate.
  var immediate: UInt8?
  /// The register that is written, for those instructions that may leave it undefined.
  var target = 0

  var codeText: String { code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ") }

  var isRepeated: Bool { !prefixes.isDisjoint(with: [0xF2, 0xF3]) }

  /// The flags that the manual leaves undefined, which processors set as they like.
  var undefinedFlags: UInt64 {
    let raw = immediate ?? UInt8(truncatingIfNeeded: state.registers[1])
    switch operation {
    case .daa, .das: return Flags.of
    case .aaa, .aas: return Flags.of | Flags.sf | Flags.zf | Flags.pf
    case .aam, .aad: return Flags.of | Flags.af | Flags.cf
    default: return operation.undefinedFlags(width: width, count: Int(raw & (width == 8 ? 63 : 31)))
    }
  }

  /// Whether even the result is undefined: SHLD and SHRD of 16 bits by more than 16.
  var isUndefined: Bool {
    let raw = immediate ?? UInt8(truncatingIfNeeded: state.registers[1])
    return (operation == .shld || operation == .shrd) && Int(raw & (width == 8 ? 63 : 31)) > width * 8
  }
}
