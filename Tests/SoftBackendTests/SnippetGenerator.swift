@testable import SoftBackend

/// Some instructions in a row, with what they start from.
struct Snippet {
  var code: [UInt8] = []
  var operations: [Operation] = []
  var state = OracleState()
  var memory: [UInt8] = []
  /// Flags that no processor defines at the end.
  var undefinedFlags: UInt64 = 0
}

/// Strings the generator's instructions together, each with its addresses in registers again. None reads flags that the
/// one before left undefined.
struct SnippetGenerator {
  private var generator: InstructionGenerator
  private static let longestCode = 200

  init(seed: UInt64, codeAt address: UInt64) {
    generator = InstructionGenerator(seed: seed, mode: .long, codeAt: address)
  }

  mutating func next(longest: Int) -> Snippet {
    var snippet = Snippet()
    let count = 1 + Int(generator.random.next() % UInt64(longest))
    for k in 160..<416 { snippet.state.image[k] = UInt8(truncatingIfNeeded: generator.random.next()) }
    for number in 0..<count {
      if number > 0, generator.random.next() % 12 == 0, snippet.undefinedFlags == 0 {
        snippet.code.append(0x9C)
        snippet.operations.append(.pushFlags)
        continue
      }
      if number > 0, generator.random.next() % 3 == 0, snippet.code.count < Self.longestCode - 20 {
        snippet.code += vector()
        snippet.operations.append(.hosted)
        continue
      }
      let test = generator.next()
      if test.isUndefined || number > 0 && hasUnknownCount(test) { continue }
      let setup = number == 0 ? [] : addresses(test)
      guard snippet.code.count + setup.count + test.code.count <= Self.longestCode else { break }
      if snippet.undefinedFlags != 0, !ignoresFlags(test.operation) { break }
      if number == 0 {
        (snippet.state.registers, snippet.state.flags, snippet.memory) = (test.state.registers, test.state.flags, test.memory)
      }
      snippet.code += setup + test.code
      snippet.operations.append(test.operation)
      // Jumps lead among bytes that nobody has looked at.
      if test.operation.isJump {
        snippet.undefinedFlags = Flags.arithmetic
        break
      }
      if !keepsFlags(test.operation) { snippet.undefinedFlags = undefinedFlags(test) }
    }
    return snippet
  }

  /// By CL, which is another one by then: perhaps one that gives no defined result.
  private func hasUnknownCount(_ test: InstructionCase) -> Bool {
    (test.operation == .shld || test.operation == .shrd) && test.immediate == nil
  }

  /// An SSE instruction on integers, or a move, of random registers; its operand in memory is RBX's, mostly aligned.
  private mutating func vector() -> [UInt8] {
    let random = generator.random.next()
    func pick(_ list: [UInt8], _ shift: UInt64) -> UInt8 { list[Int(random >> shift & 0xFF) % list.count] }
    let isMemory = random & 3 == 0
    var code: [UInt8] = []
    if isMemory {
      let place = HostOracle.scratch + (random & 4 == 0 ? random >> 8 & 0x1FF0 : random >> 8 & 0x1FFF)
      code += [0x48, 0xBB] + (0..<8).map { UInt8(truncatingIfNeeded: place >> UInt64(8 * $0)) }
    }
    let rest: [UInt8] = [0x40 | (UInt8(truncatingIfNeeded: random >> 40) & (isMemory ? 12 : 13)), 0x0F]
    let modRM = isMemory ? UInt8(truncatingIfNeeded: random >> 48) & 0x38 | 3 : UInt8(truncatingIfNeeded: random >> 48) | 0xC0
    switch random >> 3 & 7 {
    case 0: code += [0xF3] + rest + [pick([0x6F, 0x7E, 0x10], 32), modRM]
    case 1: code += [0xF3] + rest + [pick([0x7F, 0x11], 32), modRM]
    case 2: code += rest + [pick([0x10, 0x11, 0x28, 0x29, 0x54, 0x57, 0x14], 32), modRM]
    case 3: code += [0x66] + rest + [pick([0x6E, 0x7E, 0xD6], 32), modRM]
    case 4: code += [0x66] + rest + [pick([0x70, 0xC4], 32), modRM, UInt8(truncatingIfNeeded: random >> 56)]
    case 5: code += [0x66] + rest + [0xD7, modRM | 0xC0]
    default: code += [0x66] + rest + [pick(Array(0x60...0x6D) + [0x74, 0x76, 0xEF, 0xFE, 0xD4, 0xF4, 0xDB, 0xEB, 0xFB], 32), modRM]
    }
    return code
  }

  /// MOV of those registers that hold addresses of the scratch pages.
  private func addresses(_ test: InstructionCase) -> [UInt8] {
    var code: [UInt8] = []
    for register in 0..<16 {
      let value = test.state.registers[register]
      guard value &- HostOracle.scratch &+ 0x1_0000 < 0x2_0000 else { continue }
      code += [register < 8 ? 0x48 : 0x49, 0xB8 | UInt8(register & 7)]
      for k in 0..<8 { code.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * k))) }
    }
    return code
  }

  /// Whatever CL may be by then.
  private func undefinedFlags(_ test: InstructionCase) -> UInt64 {
    switch test.operation {
    case .shl, .shr, .sar, .rol, .ror, .rcl, .rcr, .shld, .shrd: test.immediate == nil ? Flags.arithmetic : test.undefinedFlags
    default: test.undefinedFlags
    }
  }

  private func keepsFlags(_ operation: Operation) -> Bool {
    switch operation {
    case .move, .lea, .exchange, .byteSwap, .not, .push, .pop: true
    default: false
    }
  }

  /// Only then may it follow undefined flags.
  private func ignoresFlags(_ operation: Operation) -> Bool {
    switch operation {
    case .add, .sub, .cmp, .negate, .and, .or, .xor, .test: true
    default: keepsFlags(operation)
    }
  }
}

extension Operation {
  fileprivate var isJump: Bool {
    switch self {
    case .jcc, .jump, .call, .jumpNear, .callNear, .ret, .loop, .jcxz: true
    default: false
    }
  }
}
