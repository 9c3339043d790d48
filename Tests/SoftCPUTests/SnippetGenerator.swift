@testable import SoftCPU

/// Strings the generator's instructions together, with loops around some and branches over others.
///
/// Before each instruction come the registers that its addresses need. None reads flags that are undefined by then.
struct SnippetGenerator {
  private var generator: InstructionGenerator
  private var vectors = VectorGenerator()
  private let mode: CodeMode
  private var snippet = Snippet()
  /// Where a loop began, with the register that counts it.
  private var loop: (start: Int, counter: UInt8)?
  /// Code stays behind this, and jumps to addresses that are known beforehand lead behind it.
  private static let longestCode = HostOracle.slotSize - 160
  private let endsQuietly: (InstructionCase) throws -> Bool

  /// - Parameter endsQuietly: whether an instruction alone does not fault.
  init(seed: UInt64, mode: CodeMode = .long, codeAt address: UInt64, endsQuietly: @escaping (InstructionCase) throws -> Bool) {
    self.mode = mode
    self.endsQuietly = endsQuietly
    generator = InstructionGenerator(seed: seed, mode: mode, codeAt: address)
    generator.meetsEnds = true
    generator.landing = address + UInt64(HostOracle.slotSize - 100)
  }

  mutating func next(longest: Int) throws -> Snippet {
    snippet = Snippet()
    loop = nil
    let count = 1 + below(longest)
    let first = try definedTest()
    (snippet.state, snippet.memory) = (first.state, first.memory)
    if mode == .long { vectors.scene(&snippet.state, &generator.random) }
    append(first)
    while snippet.tests.count < count, snippet.code.count < Self.longestCode - 160, !endsInJump {
      if loop == nil, chance(12) { beginLoop() }
      if chance(15) { try appendSkipped() } else { try appendAny() }
      if loop != nil, chance(30) { endLoop() }
    }
    endLoop()
    return snippet
  }

  private mutating func below(_ bound: Int) -> Int { Int(generator.random.next() % UInt64(bound)) }
  private mutating func chance(_ percent: UInt64) -> Bool { generator.random.next() % 100 < percent }

  // MARK: Instructions

  /// One whose result is defined. Few fault: nothing comes after those.
  private mutating func definedTest() throws -> InstructionCase {
    while true {
      let test = generator.next()
      if !test.isUndefined, try chance(3) || endsQuietly(test) { return test }
    }
  }

  private mutating func appendAny() throws {
    if chance(6) {
      defineFlags()
      snippet.code.append(0x9C)
    } else if mode == .long, chance(15) {
      defineFlags()
      appendRow()
    } else if mode == .long, chance(30) {
      let code = vectors.next(&generator.random)
      snippet.code += code.bytes
      snippet.hasVectors = true
      if code.setsFlags { snippet.undefinedFlags = 0 }
    } else {
      let test = try definedTest()
      // Jumps of the generator lead to where nothing is: nothing may come back.
      if Self.isJump(test.operation), loop != nil { return }
      append(test)
    }
  }

  private var endsInJump: Bool { snippet.tests.last.map { Self.isJump($0.operation) } ?? false }

  private mutating func append(_ test: InstructionCase) {
    if !Self.ignoresFlags(test.operation) { defineFlags() }
    if !snippet.tests.isEmpty { snippet.code += registers(test) }
    snippet.code += test.code
    snippet.tests.append(test)
    if !Self.keepsFlags(test.operation) { snippet.undefinedFlags = test.undefinedFlags }
    // What a scan of zero leaves is each processor's own.
    if test.operation == .scanForward || test.operation == .scanReverse { defineScanned(test) }
  }

  /// CMP AL with something, if flags are undefined.
  private mutating func defineFlags() {
    guard snippet.undefinedFlags != 0 else { return }
    snippet.code += [0x3C, UInt8(below(256))]
    snippet.undefinedFlags = 0
  }

  /// CMOVZ of the whole register.
  private mutating func defineScanned(_ test: InstructionCase) {
    let target = UInt8(test.target)
    if mode == .long {
      snippet.code += [target < 8 ? 0x48 : 0x4C, 0x0F, 0x44, 0xC0 | (target & 7) << 3 | 4]
    } else {
      snippet.code += (mode == .small16 ? [0x66] : []) + [0x0F, 0x44, 0xC0 | (target & 7) << 3 | 4]
    }
  }

  /// MOV of registers that hold addresses or parts of them, and of a count in CL.
  private func registers(_ test: InstructionCase) -> [UInt8] {
    var code: [UInt8] = []
    for register in 0..<(mode == .long ? 16 : 8) {
      let value = test.state.registers[register]
      let isPlace = value &- HostOracle.scratch &+ 0x1_0000 < 0x2_0000 || value &+ 0x2000 < 0x4000 || register == 4 || mode == .small16 && value & 0xFFFF < 0x2000
      guard isPlace || register == 1 && Self.mayUseCL(test) else { continue }
      code += Self.move(UInt8(register), value, mode)
    }
    return code
  }

  static func move(_ register: UInt8, _ value: UInt64, _ mode: CodeMode) -> [UInt8] {
    let isShort = mode != .long || value >> 32 == 0
    let prefix: [UInt8] = mode == .small16 ? [0x66] : isShort ? (register < 8 ? [] : [0x41]) : [register < 8 ? 0x48 : 0x49]
    return prefix + [0xB8 | register & 7] + (0..<(isShort ? 4 : 8)).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  // MARK: Rows

  /// Accesses by one register, which moves a little between them, mostly within one page: what the translator looks up at once.
  private mutating func appendRow() {
    let base = UInt8([3, 4, 5, 6, 12, 13][below(6)])
    let offset = chance(20) ? 4096 - below(100) : chance(10) ? HostOracle.scratchSize - below(100) : 1024 + below(2000)
    snippet.code += Self.move(base, HostOracle.scratch + UInt64(offset), .long)
    for _ in 0..<2 + below(7) { appendAccess(base) }
  }

  private mutating func appendAccess(_ base: UInt8) {
    let choices: [UInt8] = [0, 1, 2, 7, 8, 9] + (loop == nil ? [10, 11, 14, 15] : [])
    let reg = choices[below(choices.count)], displacement = UInt8(truncatingIfNeeded: below(130) - 65)
    let rex = 0x40 | (chance(60) ? 8 : 0) | (reg >> 3) << 2 | base >> 3
    let operand = [0x40 | (reg & 7) << 3 | base & 7] + (base & 7 == 4 ? [0x24] : []) + [displacement]
    // Of one operand alone, its digit being zero.
    let single = [0x40 | base & 7] + (base & 7 == 4 ? [0x24] : []) + [displacement]
    switch below(16) {
    case 0...2: snippet.code += [rex, 0x8B] + operand
    case 3...5: snippet.code += [rex, 0x89] + operand
    case 6: snippet.code += [rex, [0x03, 0x01, 0x3B, 0x31][below(4)]] + operand
    case 7: snippet.code += [rex, 0x0F, [0xB6, 0xB7, 0xBE, 0x44][below(4)]] + operand
    case 8: snippet.code += [rex & ~4, 0x83] + single + [UInt8(below(256))]
    case 9: snippet.code += [rex & ~4, 0xFF] + single
    case 10, 11:
      snippet.code += [rex & ~8, 0x0F, 0x10 | UInt8(below(2))] + operand
      snippet.hasVectors = true
    case 12: snippet.code += [0x48 | base >> 3, 0x83, 0xC0 | (chance(50) ? 0x28 : 0) | base & 7, UInt8(below(24))]
    case 13: snippet.code += [0x48 | base >> 3 | (base >> 3) << 2, 0x8D, 0x40 | (base & 7) << 3 | base & 7] + (base & 7 == 4 ? [0x24] : []) + [UInt8(below(24))]
    case 14 where base == 4: snippet.code += [0x40 | reg >> 3, (chance(50) ? 0x50 : 0x58) | reg & 7]
    default: snippet.code += [0x48 | reg >> 3, 0x01, 0xC0 | reg & 7]
    }
    if chance(10) { snippet.code += [0x70 | UInt8(below(16)), 0] }
  }

  // MARK: Ways through them

  /// A conditional jump over some instructions.
  private mutating func appendSkipped() throws {
    defineFlags()
    let (condition, isShort) = (UInt8(below(16)), chance(50))
    let size = mode == .small16 ? 2 : 4
    snippet.code += isShort ? [0x70 | condition, 0] : [0x0F, 0x80 | condition] + [UInt8](repeating: 0, count: size)
    let start = snippet.code.count
    for _ in 0...below(2) where !endsInJump { try appendAny() }
    let distance = snippet.code.count - start
    if isShort, distance > 127 {
      // Too far: it skips nothing.
      return snippet.code[start - 1] = 0
    }
    snippet.code[start - (isShort ? 1 : size)] = UInt8(truncatingIfNeeded: distance)
    if !isShort { snippet.code[start - size + 1] = UInt8(truncatingIfNeeded: distance >> 8) }
  }

  /// MOV of a count to a register that few instructions use.
  private mutating func beginLoop() {
    defineFlags()
    let counter: UInt8 = mode == .long ? [10, 11, 14, 15][below(4)] : 5
    snippet.code += Self.move(counter, UInt64(2 + below(3)), mode)
    loop = (snippet.code.count, counter)
    snippet.hasLoop = true
  }

  /// SUB, which leaves no flag undefined, or DEC; and JNZ.
  private mutating func endLoop() {
    guard let loop else { return }
    self.loop = nil
    defineFlags()
    let prefix: [UInt8] = mode == .long ? [loop.counter < 8 ? 0x48 : 0x49] : []
    snippet.code += prefix + (chance(50) ? [0x83, 0xE8 | loop.counter & 7, 1] : [0xFF, 0xC8 | loop.counter & 7])
    let size = mode == .small16 ? 2 : 4
    let distance = loop.start - (snippet.code.count + 2 + size)
    snippet.code += [0x0F, 0x85] + (0..<size).map { UInt8(truncatingIfNeeded: distance >> (8 * $0)) }
  }

  // MARK: What instructions need

  private static func isJump(_ operation: Operation) -> Bool {
    switch operation {
    case .jcc, .jump, .call, .jumpNear, .callNear, .ret, .loop, .loope, .loopne, .jcxz: true
    default: false
    }
  }

  private static func mayUseCL(_ test: InstructionCase) -> Bool {
    switch test.operation {
    case .shl, .shr, .sar, .rol, .ror, .rcl, .rcr, .shld, .shrd: test.immediate == nil
    default: false
    }
  }

  private static func keepsFlags(_ operation: Operation) -> Bool {
    switch operation {
    case .move, .lea, .exchange, .byteSwap, .not, .push, .pop, .moveZero8, .moveZero16, .moveSign8, .moveSign16, .moveSign32: true
    default: false
    }
  }

  /// Only then may it follow undefined flags.
  private static func ignoresFlags(_ operation: Operation) -> Bool {
    switch operation {
    case .add, .sub, .cmp, .negate, .and, .or, .xor, .test: true
    default: keepsFlags(operation)
    }
  }
}
