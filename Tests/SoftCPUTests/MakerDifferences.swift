import CLinux

@testable import SoftCPU

/// Where AMD's and Intel's processors differ: the table "Where makers differ" in Sources/README.md. A host of the other
/// maker does not judge these, and tests of their own say what this processor does; some no host judges.
enum MakerDifferences {
  /// Whether the host is AMD's, whose ways this processor has; by its "cAMD".
  static let isOurMaker = linux_cpuid_ecx(0) == 0x444D_4163

  /// Whether the host's processor does something else.
  static func excuse(_ test: InstructionCase, _ mode: CodeMode, hasFaulted: Bool) -> Bool {
    if isOurMaker { return false }
    return switch test.operation {
    case .jump, .jumpNear, .jcc, .call, .callNear, .ret, .jcxz: mode == .long && test.prefixes.contains(0x66) && !test.hasRexW
    case .loop: test.isRepeated || mode == .long && test.prefixes.contains(0x66) && !test.hasRexW
    case .prefetch: test.row == 0x10D
    case .moveSign32: hasFaulted && test.prefixes.contains(0x66) && !test.hasRexW
    case .bound: hasFaulted
    case .exchange: test.row == 0x90 && test.prefixes.contains(0xF3)
    case .moveString, .storeString, .loadString:
      mode == .long && isShortRepetition(test) && (hasFaulted || test.state.registers[1] & 0xFFFF_FFFF == 0)
    case .compareString, .scanString:
      test.isRepeated && hasFaulted || mode == .long && isShortRepetition(test) && test.state.registers[1] & 0xFFFF_FFFF == 0
    default: false
    }
  }

  private static func isShortRepetition(_ test: InstructionCase) -> Bool { test.isRepeated && test.prefixes.contains(0x67) }

  /// Whether an instruction has several reasons to fault, and which of them is told is open: CMPS reads two operands,
  /// CALL writes to the stack and needs a target, and with AC many an access has one more.
  static func mayTellOther(_ test: InstructionCase, _ expected: String, _ actual: String) -> Bool {
    let areBoth = { (kinds: String...) in kinds.contains { expected.hasPrefix($0) } && kinds.contains { actual.hasPrefix($0) } }
    if test.operation == .compareString { return areBoth("PF", "13", "SS", "17") }
    if isOurMaker { return false }
    // Prefixes of segments that do not count in 64-bit code.
    if !test.prefixes.isDisjoint(with: [0x26, 0x2E, 0x36, 0x3E]), areBoth("13", "SS") { return true }
    let isCall = test.operation == .call || test.operation == .callNear
    return isCall && areBoth("PF", "13", "SS") || test.state.flags & Flags.ac != 0 && areBoth("PF", "13", "SS", "17")
  }

  /// Whether an opcode behind VEX belongs to an extension that CPUID does not offer to guests, and some host may have.
  static func isForeign(map: UInt8, _ opcode: UInt8) -> Bool {
    switch (map, opcode) {
    // Opmask registers of AVX-512.
    case (1, 0x41...0x4B), (1, 0x90...0x93), (1, 0x98...0x99), (3, 0x30...0x33): true
    // VNNI with its later forms, IFMA and conversions of AVX-512's that VEX has, too; VAES and VPCLMULQDQ of 256 bits.
    case (2, 0x50...0x53), (2, 0xD2...0xD3), (2, 0xB4...0xB5), (2, 0xB0...0xB1), (2, 0x72), (2, 0xDC...0xDF), (3, 0x44): true
    // GFNI; SHA-512, SM3 and SM4; CMPccXADD; AMX.
    case (2, 0xCF), (3, 0xCE...0xCF), (2, 0xCB...0xCD), (2, 0xDA), (3, 0xDE), (2, 0xE0...0xEF): true
    case (2, 0x48...0x4B), (2, 0x5C...0x5F), (2, 0x6C...0x6F): true
    // FMA4, which some of AMD's execute without telling.
    case (3, 0x48...0x49), (3, 0x5C...0x5F), (3, 0x68...0x6F), (3, 0x78...0x7F): true
    default: false
    }
  }

  /// Whether two results of RCP or RSQRT are as near to each other as the manuals ask: a relative error of 1.5 * 2^-12.
  static func areNear(_ a: UInt32, _ b: UInt32) -> Bool {
    if a == b { return true }
    let (x, y) = (Float(bitPattern: a), Float(bitPattern: b))
    if x.isNaN || y.isNaN || x.isInfinite || y.isInfinite || x.sign != y.sign { return false }
    // What is nearly denormal may be zero.
    let smallest = Float.leastNormalMagnitude * 1.001
    return abs(x - y) <= 3 * abs(x) / 4096 || abs(x) <= smallest && abs(y) <= smallest
  }
}
