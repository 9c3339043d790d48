@testable import SoftBackend

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
    let count = Int(raw & (width == 8 ? 63 : 31))
    let manyBits: UInt64 = count > 1 ? Flags.of : 0
    switch operation {
    case .and, .or, .xor, .test: return Flags.af
    case .shl, .shr, .sar: return count == 0 ? 0 : Flags.af | manyBits | (count >= width * 8 ? Flags.cf : 0)
    case .rol, .ror, .rcl, .rcr: return manyBits
    case .shld, .shrd: return count > width * 8 ? Flags.arithmetic : count == 0 ? 0 : Flags.af | manyBits
    case .mul, .imul, .imulTwo, .imulThree: return Flags.sf | Flags.zf | Flags.af | Flags.pf
    case .div, .idiv: return Flags.arithmetic
    case .scanForward, .scanReverse: return Flags.arithmetic & ~Flags.zf
    case .tzcnt, .lzcnt: return Flags.of | Flags.sf | Flags.pf | Flags.af
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: return Flags.of | Flags.sf | Flags.af | Flags.pf
    case .decimalAdjust: return Flags.of
    case .asciiAdjust:
      // AAM and AAD define other flags than AAA and AAS.
      return immediate == nil ? Flags.of | Flags.sf | Flags.zf | Flags.pf : Flags.of | Flags.af | Flags.cf
    case .andn, .lowestBit, .bzhi: return Flags.af | Flags.pf
    case .bextr: return Flags.af | Flags.pf | Flags.sf
    default: return 0
    }
  }

  /// Whether even the result is undefined: SHLD and SHRD of 16 bits by more than 16.
  var isUndefined: Bool {
    let raw = immediate ?? UInt8(truncatingIfNeeded: state.registers[1])
    return (operation == .shld || operation == .shrd) && Int(raw & (width == 8 ? 63 : 31)) > width * 8
  }
}
