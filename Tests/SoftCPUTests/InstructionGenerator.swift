@testable import SoftCPU

/// Makes instructions of every row of the opcode table, with operands that can be tried on the host without harm.
struct InstructionGenerator {
  var random: FixedSequence
  let mode: CodeMode
  /// Where the code will lie, as its own instruction pointer has it.
  let codeAddress: UInt64
  /// Where jumps to known addresses lead: behind the code.
  var landing: UInt64
  /// Addresses are often at the ends of pages, and begin with the same registers.
  var meetsEnds = false
  private var test = InstructionCase()
  /// What the scratch pages hold before each instruction, but for a few changes.
  private var contents: [UInt8] = []
  private var rexW = false
  private var small = false
  private var addressPrefix = false

  init(seed: UInt64, mode: CodeMode, codeAt address: UInt64) {
    random = FixedSequence(seed)
    self.mode = mode
    codeAddress = address
    landing = address + 20
    for _ in 0..<HostOracle.scratchSize / 8 { for byte in bytes(random.next() % 4 == 0 ? value() : random.next()) { contents.append(byte) } }
  }

  private func bytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
  private mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }
  private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

  /// Numbers at which arithmetic changes its mind.
  private mutating func value() -> UInt64 {
    switch random.next() % 10 {
    case 0: 0
    case 1: .max
    case 2: 1 << (random.next() % 64)
    case 3: (1 << (random.next() % 64)) &- 1
    case 4: random.next() % 256
    case 5: 0 &- random.next() % 256
    case 6: random.next() & 0x8000_0000_8000_8080
    default: random.next()
    }
  }

  private var data: UInt64 { mode.dataOffset }
  private var addressMask: UInt64 { mode == .long ? .max : mode == .flat32 ? 0xFFFF_FFFF : 0xFFFF }

  /// An address to access: nearly always in the scratch pages, sometimes across or beyond their ends.
  private mutating func address() -> UInt64 {
    if mode == .long, chance(2) { return (1 << 47 &- 16 &+ UInt64(below(32))) &* (chance(80) ? 1 : .max) }
    let address =
      switch below(meetsEnds ? 12 : 40) {
      case 0: data + 4096 - UInt64(below(16))
      case 1: data + UInt64(HostOracle.scratchSize - below(20))
      case 2: data &- UInt64(below(20))
      case 3: 0x10 + UInt64(below(64))
      case 4...20: data + 1024 + UInt64(below(meetsEnds ? 400 : 128)) * 16
      default: data + 1024 + UInt64(below(6000))
      }
    return address & addressMask
  }
  /// Noise for the upper halves of registers, which a shorter address must ignore.
  private mutating func noise() -> UInt64 {
    !addressPrefix ? 0 : mode == .long ? random.next() << 32 : mode == .flat32 ? random.next() << 16 & 0xFFFF_0000 : 0
  }
  private var hasShortAddress: Bool { mode == .flat32 && addressPrefix || mode == .small16 && !addressPrefix }

  /// What the host must not be asked to do: leave its code, change its segments, talk to its kernel, or
  /// tell what only it can know.
  static let excluded: Set<Operation> = [
    .interrupt3, .syscall, .sysret, .sysenter, .sysexit, .softwareInterrupt, .interrupt1, .farReturn, .iret, .farJumpMemory, .farCallMemory,
    .popSegment, .pushSegment, .moveFromSegment, .moveToSegment, .les, .lds, .lss, .lfs, .lgs, .cpuid, .rdtsc, .rdpmc, .rdrand, .rdseed, .sgdt, .sidt, .lgdt, .lidt,
    .sldt, .str, .lldt, .ltr, .verr, .verw, .loadAccessRights, .loadLimit, .smsw, .farJump, .farCall, .into, .vector, .x87, .fwait, .emms, .fxsave, .fxrstor, .xsave, .xsaveopt, .xsavec, .xrstor, .ldmxcsr, .stmxcsr,
    .maskmovq, .maskmovdqu, .vmaskmovdqu, .vzeroupper, .vzeroall, .vmaskmovLoad, .vmaskmovStore, .vgatherd, .vgatherq, .vldmxcsr, .vstmxcsr, .popFlags, .pushFlags, .rdmsr, .wrmsr,
    .moveFromControl, .moveToControl, .moveFromDebug, .moveToDebug, .undefined, .swapgs, .wbinvd, .lmsw, .invlpg,
  ]

  mutating func next() -> InstructionCase {
    while true {
      let map = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 6, 6, 7][below(15)]
      let opcode: UInt8 =
        switch map {
        case 2: [0xF0, 0xF1, 0xF6][below(3)]
        case 6: 0xF2 + UInt8(below(6))
        case 7: 0xF0
        default: UInt8(below(256))
        }
      if map == 0, [0x0F, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xC4, 0xC5, 0xF0, 0xF2, 0xF3].contains(opcode)
        || mode == .long && (opcode >> 4 == 4 || opcode == 0x62) { continue }
      // Bounds registers, and the groups that hold odd system instructions and flushes.
      if map == 1, [0x01, 0x1A, 0x1B, 0x38, 0x3A, 0xA6, 0xA7, 0xAE].contains(opcode) { continue }
      let row = opcodeTable[UInt8(map), opcode]
      if mode != .long, row.validity == .only64 { continue }
      let group = row.isGroup ? UInt8(below(8)) : nil
      let operation = row.operations[Int(group ?? 0)]
      if Self.excluded.contains(operation) { continue }
      build(map, opcode, row, operation, group)
      return test
    }
  }

  private mutating func build(_ map: Int, _ opcode: UInt8, _ row: OpcodeRow, _ operation: Operation, _ group: UInt8?) {
    test = InstructionCase()
    test.operation = operation
    for k in 0..<(mode == .long ? 16 : 8) { test.state.registers[k] = value() & (mode == .long ? .max : 0xFFFF_FFFF) }
    test.state.flags = random.next() & 0xCD5 | (chance(5) ? Flags.ac : 0)
    test.memory = contents
    test.state.registers[4] = address() & (chance(80) ? ~7 : ~0)
    let rex = map > 4 ? vex(map, opcode) : prefixes(operation)
    test.row = map << 8 | Int(opcode)
    test.group = Int(group ?? 0)
    if map == 1 || map == 2 { test.code.append(0x0F) }
    if map == 2 { test.code.append(0x38) }
    test.code.append(opcode)
    if map == 1, opcode == 0xBC || opcode == 0xBD, repeatsZero { test.operation = opcode == 0xBC ? .tzcnt : .lzcnt }
    if map == 2, opcode == 0xF6, repeatsZero { test.operation = .adox }
    let isShort = map < 4 && small != (mode == .small16)
    test.width = row.operands[0]?.size == 1 ? 1 : rexW ? 8 : isShort ? 2 : 4
    prepare(operation)
    if row.hasModRM { modRM(map, opcode, rex, group, operation, memoryOnly: row.operands.indices.contains { row.operands[$0]?.method == .memory }) }
    immediates(row, map, opcode, group)
  }

  private var repeatsZero = false

  /// Emits prefixes; returns the REX that counts.
  private mutating func prefixes(_ operation: Operation) -> UInt8 {
    var list: [UInt8] = []
    small = chance(25)
    addressPrefix = chance(15)
    repeatsZero = false
    let isString = operation.rawValue >= Operation.moveString.rawValue && operation.rawValue <= Operation.scanString.rawValue
    if small { list.append(0x66) }
    if addressPrefix { list.append(0x67) }
    if chance(8) { list.append([0x36, 0x3E, 0x26, 0x2E, 0x65][below(mode == .long ? 5 : mode == .flat32 ? 4 : 3)]) }
    if chance(isString ? 60 : 8) {
      repeatsZero = chance(50)
      list.append(repeatsZero ? 0xF3 : 0xF2)
    }
    if chance(10) { list.append(0xF0) }
    list.shuffle(using: &random)
    // A REX that is not the last prefix does not count.
    if mode == .long, chance(3), !list.isEmpty { list.insert(0x4F, at: 0) }
    var rex: UInt8 = 0
    if mode == .long, chance(60) {
      rex = 0x40 | UInt8(below(16))
      list.append(rex)
    }
    rexW = rex & 8 != 0
    test.code = list
    test.prefixes = Set(list)
    test.hasRexW = rexW
    return rex
  }

  /// Emits a VEX prefix, which chooses among an opcode's instructions; returns the REX it amounts to.
  private mutating func vex(_ map: Int, _ opcode: UInt8) -> UInt8 {
    small = false
    repeatsZero = false
    addressPrefix = chance(15)
    let rex = mode == .long ? UInt8(below(16)) : 8 * UInt8(below(2))
    rexW = mode == .long && rex & 8 != 0
    let usual: [UInt8] =
      switch opcode {
      case 0xF5: [0, 2, 3]
      case 0xF6, 0xF0: [3]
      case 0xF7: [0, 1, 2, 3]
      default: [0]
      }
    let prefix = chance(3) ? UInt8(below(4)) : usual[below(usual.count)]
    let register = map == 7 && chance(95) ? 0 : UInt8(below(mode == .long ? 16 : 8))
    test.code = addressPrefix ? [0x67] : []
    if chance(2) { test.code.append([0x66, 0xF0, 0xF2, 0xF3][below(4)]) }
    test.code.append(0xC4)
    test.code.append((~rex & 7) << 5 | UInt8(map - 4))
    test.code.append((rex & 8) << 4 | (~register & 15) << 3 | (chance(3) ? 4 : 0) | prefix)
    switch (opcode, prefix) {
    case (0xF5, 2): test.operation = .pext
    case (0xF5, 3): test.operation = .pdep
    case (0xF7, 1...): test.operation = .sarx
    default: break
    }
    return mode == .long ? rex : 0
  }

  /// Gives the registers that an instruction uses without naming them useful values.
  private mutating func prepare(_ operation: Operation) {
    switch operation {
    case .moveString, .storeString, .loadString, .compareString, .scanString, .inputString, .outputString:
      test.state.registers[1] = UInt64(below(30)) | noise()
      for k in [6, 7] { test.state.registers[k] = address() | noise() }
      if chance(30) { test.state.registers[7] = (test.state.registers[6] &+ UInt64(below(16)) &- 8) & (mode == .long ? .max : 0xFFFF_FFFF) }
      if chance(50) {
        let byte = chance(50) ? UInt8(0) : UInt8(truncatingIfNeeded: test.state.registers[0])
        for k in 0..<160 {
          for register in [6, 7] {
            let place = Int(truncatingIfNeeded: test.state.registers[register] & 0xFFFF_FFFF &- data) + k - 80
            if k % 37 != 5, test.memory.indices.contains(place) { test.memory[place] = byte }
          }
        }
      }
    case .translate:
      test.state.registers[3] = (address() &- test.state.registers[0] & 0xFF) & addressMask
      test.state.registers[3] |= noise()
    case .enter, .leave: test.state.registers[5] = data + 2048 + UInt64(below(512)) * 8
    case .div, .idiv:
      if chance(60) { test.state.registers[2] = chance(50) ? 0 : random.next() % 64 }
    case .ret:
      let offset = Int(truncatingIfNeeded: test.state.registers[4] &- data)
      if offset >= 0, offset + 8 <= test.memory.count, chance(70) {
        for k in 0..<8 { test.memory[offset + k] = UInt8(truncatingIfNeeded: landing >> UInt64(8 * k)) }
      }
    case .jumpNear, .callNear: for k in 0..<(mode == .long ? 16 : 8) where k != 4 && chance(70) { test.state.registers[k] = landing + UInt64(below(20)) }
    case .loopne, .loope, .loop, .jcxz: if chance(60) { test.state.registers[1] = UInt64(below(3)) | noise() }
    default: break
    }
  }

  private mutating func modRM(
    _ map: Int, _ opcode: UInt8, _ rex: UInt8, _ group: UInt8?, _ operation: Operation, memoryOnly: Bool
  ) {
    let reg = group ?? UInt8(below(8))
    let wideReg = Int(reg | (rex & 4) << 1)
    test.target = wideReg
    guard chance(operation == .bound ? 100 : memoryOnly ? 90 : 55) else {
      test.code.append(0xC0 | reg << 3 | UInt8(below(8)))
      return
    }
    if hasShortAddress { return shortAddress(reg, operation) }
    let target = address()
    let mod = UInt8(below(3))
    var displacement: Int64 = mod == 0 ? 0 : mod == 1 ? Int64(Int8(truncatingIfNeeded: random.next())) : Int64(Int16(truncatingIfNeeded: random.next()))
    var rm = meetsEnds && chance(50) ? 3 : UInt8(below(8))
    if mode != .long, mod == 0, rm == 5 {
      limitBitOffset(operation, wideReg, apartFrom: [])
      test.code.append(reg << 3 | 5)
      return emit(target, 4)
    }
    if mod == 0 && rm == 5 && !addressPrefix { rm = 3 }
    if mod == 0 && rm == 5 {
      // Relative to EIP: the scratch pages are in reach of 32 bits only.
      relative(reg, target, map, operation)
      return
    }
    var sib: UInt8?
    var base = Int(rm | (rex & 1) << 3)
    var index: Int?
    var scale: UInt64 = 0
    if rm == 4 {
      let low = UInt8(below(8))
      scale = UInt64(below(4))
      let number = UInt8(below(8))
      sib = UInt8(scale) << 6 | number << 3 | low
      base = Int(low | (rex & 1) << 3)
      if number | (rex & 2) << 2 != 4 { index = Int(number | (rex & 2) << 2) }
      if low == 5 && mod == 0 { base = 16 }
    }
    if let index, index != base { test.state.registers[index] = UInt64(bitPattern: Int64(below(2000) - 1000)) }
    let indexed = index.map { $0 == base ? 0 : test.state.registers[$0] << scale } ?? 0
    let wanted = target &- indexed
    if base == 16 {
      displacement = Int64(Int32(truncatingIfNeeded: wanted))
    } else if index == base {
      let factor = 1 + (UInt64(1) << scale)
      test.state.registers[base] = (wanted &- UInt64(bitPattern: displacement)) / factor
    } else {
      test.state.registers[base] = wanted &- UInt64(bitPattern: displacement)
      if mode == .long && addressPrefix && base != 4 { test.state.registers[base] ^= random.next() << 32 }
    }
    if mode != .long { for k in 0..<8 { test.state.registers[k] &= 0xFFFF_FFFF } }
    limitBitOffset(operation, wideReg, apartFrom: [base, index ?? 16])
    test.code.append(mod << 6 | reg << 3 | rm)
    if let sib { test.code.append(sib) }
    if mod == 1 { test.code.append(UInt8(truncatingIfNeeded: displacement)) }
    if mod == 2 || base == 16 { emit(UInt64(bitPattern: displacement), 4) }
  }

  /// The forms of 16-bit addresses.
  private mutating func shortAddress(_ reg: UInt8, _ operation: Operation) {
    let mod = UInt8(below(3))
    let rm = UInt8(below(8))
    let target = address()
    let displacement = mod == 0 ? (rm == 6 ? target : 0) : mod == 1 ? UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: random.next()))) : random.next() & 0xFFFF
    let (base, index) = [(3, 6), (3, 7), (5, 6), (5, 7), (6, nil), (7, nil), (5, nil), (3, nil)][Int(rm)] as (Int, Int?)
    if !(mod == 0 && rm == 6) {
      let other = index.map { test.state.registers[$0] } ?? 0
      test.state.registers[base] = (target &- other &- displacement) & 0xFFFF | value() << 16 & 0xFFFF_0000
    }
    limitBitOffset(operation, Int(reg), apartFrom: [base, index ?? 16])
    test.code.append(mod << 6 | reg << 3 | rm)
    if mod == 1 { emit(displacement, 1) }
    if mod == 2 || mod == 0 && rm == 6 { emit(displacement, 2) }
  }

  /// A bit number in a register moves the address: keep it near.
  private mutating func limitBitOffset(_ operation: Operation, _ register: Int, apartFrom used: [Int]) {
    switch operation {
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement:
      guard !used.contains(register) else { return }
      let near = UInt64(bitPattern: Int64(below(8000) - 4000))
      test.state.registers[register] = test.width == 8 ? near : test.width == 2 ? near & 0xFFFF | random.next() << 16 : near & 0xFFFF_FFFF | random.next() << 32
      if mode != .long { test.state.registers[register] &= 0xFFFF_FFFF }
    default: break
    }
  }

  private mutating func relative(_ reg: UInt8, _ target: UInt64, _ map: Int, _ operation: Operation) {
    limitBitOffset(operation, test.target, apartFrom: [])
    test.code.append(reg << 3 | 5)
    relativePlace = test.code.count
    relativeTarget = target
    emit(0, 4)
  }
  private var relativePlace: Int?
  private var relativeTarget: UInt64 = 0

  private mutating func emit(_ value: UInt64, _ count: Int) {
    for k in 0..<count { test.code.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * k))) }
  }

  private mutating func immediates(_ row: OpcodeRow, _ map: Int, _ opcode: UInt8, _ group: UInt8?) {
    let size = rexW ? 8 : small != (mode == .small16) ? 2 : 4
    for operand in row.operands.indices.compactMap({ row.operands[$0] }) {
      switch operand.method {
      case .immediate, .signedByte:
        if map == 0, opcode & 0xFE == 0xF6, (group ?? 0) > 1 { continue }
        let count: Int
        switch operand.size {
        case 0: count = size
        case 5: count = min(size, 4)
        default: count = operand.method == .signedByte ? 1 : Int(operand.size)
        }
        var number = value()
        if opcode == 0xC8 && map == 0 { number &= count == 2 ? 0x1FF : chance(80) ? 3 : 31 }
        if opcode == 0xC2 && map == 0 { number &= 0x1FF }
        test.immediate = UInt8(truncatingIfNeeded: number)
        emit(number, count)
      case .one: test.immediate = 1
      case .branch: emit(UInt64(below(16)), operand.size == 1 ? 1 : min(size, 4))
      case .offset: emit(address() | noise(), mode == .long ? (addressPrefix ? 4 : 8) : hasShortAddress ? 2 : 4)
      default: break
      }
    }
    if let place = relativePlace {
      let displacement = relativeTarget &- codeAddress &- UInt64(test.code.count)
      for k in 0..<4 { test.code[place + k] = UInt8(truncatingIfNeeded: displacement >> UInt64(8 * k)) }
      relativePlace = nil
    }
  }
}
