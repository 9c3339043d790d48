@testable import SoftCPU

/// The oracle's twin, executing single vector instructions.
final class VectorMachine {
  private let twin: SoftTwin
  var core: Core { twin.processor.core }

  /// In 64-bit mode with SSE, XSAVE and what it knows enabled, as Linux leaves it.
  init() throws {
    twin = try SoftTwin(codeAt: 0x2000_0000)
  }

  /// Executes one instruction from `state` on `memory`, which lies at the oracle's scratch address.
  func run(_ code: VectorCode, _ state: inout OracleState, _ memory: inout [UInt8]) -> Fault? {
    run(code.bytes, &state, &memory)
  }
  func run(_ bytes: [UInt8], _ state: inout OracleState, _ memory: inout [UInt8]) -> Fault? {
    guard let end = try? twin.run(bytes, &state, &memory).fault else { preconditionFailure("the twin cannot be loaded") }
    // INT3 follows the instruction, and has no gate.
    return end == Fault(vector: 13, code: 26) ? nil : end
  }
}

/// One vector instruction.
struct VectorCode {
  /// 0 none, 66, F3 or F2.
  var prefix: UInt8 = 0
  /// 0 for x87, 1 0F, 2 0F38, 3 0F3A.
  var map: UInt8 = 1
  var opcode: UInt8
  var wide = false
  var reg: UInt8
  var rm: UInt8
  /// The operand is memory at RBX, whatever `rm` says.
  var memory = false
  var immediate: UInt8?
  /// VEX.L, if there is a VEX prefix, and the register in VEX.vvvv.
  var length: UInt8?
  var vvvv: UInt8 = 0
  /// SIB's index, its scale and index together with VEX.X, for addresses that are vectors.
  var index: UInt8?

  var bytes: [UInt8] {
    let base = memory ? 3 : rm
    if let length { return vexBytes(length, base) }
    var bytes: [UInt8] = prefix == 0 ? [] : [prefix]
    let rex = 0x40 | (wide ? 8 : 0) | (reg >> 3) << 2 | base >> 3
    if rex != 0x40 { bytes.append(rex) }
    if map != 0 { bytes.append(0x0F) }
    if map > 1 { bytes.append(map == 2 ? 0x38 : 0x3A) }
    bytes += [opcode, (memory ? 0 : 0xC0) | (reg & 7) << 3 | base & 7]
    if let immediate { bytes.append(immediate) }
    return bytes
  }

  private func vexBytes(_ length: UInt8, _ base: UInt8) -> [UInt8] {
    let inverted = (~reg >> 3 & 1) << 7 | (~(index ?? 0) >> 3 & 1) << 6 | (~base >> 3 & 1) << 5
    let pp: UInt8 = prefix == 0x66 ? 1 : prefix == 0xF3 ? 2 : prefix == 0xF2 ? 3 : 0
    var bytes = [0xC4, inverted | map, (wide ? 0x80 : 0) | (~vvvv & 15) << 3 | length << 2 | pp, opcode]
    if let index {
      bytes += [(reg & 7) << 3 | 4, 0x80 | (index & 7) << 3 | 3]
    } else {
      bytes.append((memory ? 0 : 0xC0) | (reg & 7) << 3 | base & 7)
    }
    if let immediate { bytes.append(immediate) }
    return bytes
  }
}

/// The same numbers in every run.
struct FixedSequence: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    var x = state
    x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
    return x ^ x >> 31
  }

  /// Numbers that find mistakes: zeros, ones, infinities, small and odd floats, denormals, noise.
  mutating func word() -> UInt64 {
    switch next() % 12 {
    case 0: 0
    case 1: .max
    case 2: 0x8000_0000_0000_0000
    case 3: (1.5 * Double(Int32(truncatingIfNeeded: next()))).bitPattern
    case 4: UInt64(Float(Int16(truncatingIfNeeded: next())).bitPattern) << 32 | UInt64(Float(0.75).bitPattern)
    case 5: 0x7FF0_0000_0000_0000
    case 6: 0x7F80_0000_FF80_0000
    case 7: next() >> (next() % 64)
    case 8: 0x0000_0001_0000_0001
    case 9: 0x6F6C_6C65_6800_6F6C
    default: next()
    }
  }
}
