internal import Primitives

/// Turns the bytes at one address into a record. Bytes come through the core's own instruction fetch.
struct Decoder {
  let core: Core
  let start: UInt64
  private var position = 0
  private var limit: Int
  private let scratch = CoreLayout.instructionBytes

  /// The memory operand is relative to RIP.
  private var isRelative = false

  /// Whether the instruction has bytes in a second page.
  var crossesPage = false

  /// - Parameter start: RIP; the code segment's base is added for the fetch.
  init(_ core: Core, at start: UInt64, physical: UInt64) {
    self.core = core
    self.start = start
    limit = min(15, 4096 - Int(physical & 0xFFF))
    if limit == 15, physical & 0xFFF <= 4080, let p = unsafe core.physicalHost(physical, write: false) {
      core.store(unsafe p.loadUnaligned(as: SIMD16<UInt8>.self), at: scratch)
    } else if let p = unsafe core.physicalHost(physical, write: false) {
      for i in 0..<limit { core.store(unsafe p.load(fromByteOffset: i, as: UInt8.self), at: scratch + i) }
    } else {
      for i in 0..<limit { core.store(UInt8(truncatingIfNeeded: core.readPhysical(physical &+ UInt64(i), 1)), at: scratch + i) }
    }
  }

  /// How many bytes were decoded.
  var length: Int { position }

  /// Whether the bytes that were decoded are still there.
  func isUnchanged(at physical: UInt64, second: UInt64) -> Bool {
    let inFirst = min(position, 4096 - Int(physical & 0xFFF))
    return isSame(0..<inFirst, physical) && isSame(inFirst..<position, second)
  }
  private func isSame(_ bytes: Range<Int>, _ physical: UInt64) -> Bool {
    guard !bytes.isEmpty, let p = unsafe core.physicalHost(physical, write: false) else { return true }
    return bytes.allSatisfy { unsafe p.load(fromByteOffset: $0 - bytes.lowerBound, as: UInt8.self) == core.load(scratch + $0, as: UInt8.self) }
  }

  private mutating func byte() throws(Fault) -> UInt8 {
    if position >= 15 { throw .protection }
    if position >= limit {
      crossesPage = true
      let physical = try core.codeAddress(core.codeLinear(start &+ UInt64(position)))
      for i in limit..<15 {
        let value = core.readPhysical(physical &+ UInt64(i - limit), 1)
        core.store(UInt8(truncatingIfNeeded: value), at: scratch + i)
      }
      limit = 15
    }
    defer { position += 1 }
    return core.load(scratch + position)
  }

  private mutating func signed(_ count: Int) throws(Fault) -> UInt64 {
    var value: UInt64 = 0
    for i in 0..<count { value |= UInt64(try byte()) << UInt64(8 * i) }
    let shift = Int64(64 - 8 * count)
    return UInt64(bitPattern: Int64(bitPattern: value << UInt64(shift)) >> shift)
  }

  mutating func decode(into i: inout InstructionRecord) throws(Fault) {
    let is64 = core.is64Bit
    let code32 = core[.mode] & Mode.code32 != 0
    i = InstructionRecord()
    i.address = start
    var rex: UInt8 = 0
    var override: Segment?
    var addressPrefix = false
    var opcode = try byte()
    prefixes: while true {
      switch opcode {
      case 0x66: i.prefixes.insert(.operandSize)
      case 0x67: addressPrefix = true
      case 0xF0: i.prefixes.insert(.lock)
      case 0xF2: i.prefixes.remove(.repeatZero); i.prefixes.insert(.repeatNonzero)
      case 0xF3: i.prefixes.remove(.repeatNonzero); i.prefixes.insert(.repeatZero)
      case 0x26, 0x2E, 0x36, 0x3E: if !is64 { override = Segment(number: opcode >> 3 & 3) }
      case 0x64, 0x65: override = opcode == 0x64 ? .fs : .gs
      case 0x40...0x4F where is64:
        rex = opcode
        opcode = try byte()
        // A REX prefix counts only directly before the opcode.
        if rex >> 4 == 4, [0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65].contains(opcode) || opcode >> 4 == 4 {
          rex = 0
          continue prefixes
        }
        break prefixes
      default: break prefixes
      }
      opcode = try byte()
    }
    var isRefused = false
    if opcode == 0x0F {
      opcode = try byte()
      i.map = 1
      if opcode == 0x38 { i.map = 2; opcode = try byte() } else if opcode == 0x3A { i.map = 3; opcode = try byte() }
    } else if try opcode & 0xFE != 0xC4 ? false : is64 ? true : nextByte() >= 0xC0 {
      // VEX bears no other prefix of its kind; and outside of 64-bit code, LES and LDS have memory operands.
      isRefused = rex != 0 || !i.prefixes.isDisjoint(with: [.lock, .operandSize, .repeatZero, .repeatNonzero])
      (rex, opcode) = try vex(&i, isShort: opcode == 0xC5, is64)
    }
    if rex != 0 { i.prefixes.insert(.rex) }
    if rex & 8 != 0 { i.prefixes.insert(.rexW) }
    i.opcode = opcode
    let row = opcodeTable[i.map, opcode]
    guard is64 ? row.validity != .never64 : row.validity != .only64 else {
      i.length = UInt8(position)
      return
    }
    i.addressWidth = is64 ? (addressPrefix ? 4 : 8) : code32 != addressPrefix ? 4 : 2
    let small = i.prefixes.contains(.operandSize)
    var size: UInt8 = is64 ? (rex & 8 != 0 ? 8 : small ? 2 : 4) : code32 != small ? 4 : 2
    var operation = row.operations[0]
    var isWideByDefault = row.isWideByDefault
    if row.hasModRM {
      try modRM(&i, rex, override, is64)
      operation = row.operations[Int(i.reg & 7)]
      // CALL, JMP and PUSH.
      if i.map == 0, opcode == 0xFF, [2, 4, 6].contains(i.reg & 7) { isWideByDefault = true }
    } else {
      i.rm = opcode & 7 | (rex & 1) << 3
      i.segment = override ?? (is64 ? .flat : .ds)
    }
    if is64 && isWideByDefault && !small { size = 8 }
    i.width = size
    try operands(&i, row, size, is64, rex)
    if !is64, i.segment == .flat { i.segment = override ?? .ds }
    if is64 ? i.segment == .flat && (i.base == 4 * 8 || i.base == 5 * 8) : i.segment == .ss { i.prefixes.insert(.throughStack) }
    if !is64, core[.mode] & Mode.flat != 0, i.addressWidth == 4, [.es, .ss, .ds].contains(i.segment) { i.segment = .flat }
    refine(&i, &operation, is64)
    findHostCode(&i, &operation)
    resolveX87(&i, &operation)
    if isRefused { operation = .undefined }
    if i.prefixes.contains(.lock), !operation.traits.contains(.isLockable) || !i.isMemory || i.form != .memoryRegister && i.form != .memoryImmediate {
      operation = .undefined
    }
    i.operation = operation
    i.shape = Shape(i.form, i.width)
    i.length = UInt8(position)
    if isRelative { i.displacement = i.displacement &+ start &+ UInt64(position); i.base = 128 }
    if i.segment == .flat && i.addressWidth == 8 { i.prefixes.insert(.plainAddress) }
    if operation.traits.contains(.isRelative) {
      i.immediate = core.truncateIP(i.immediate &+ start &+ UInt64(position), i.width)
    }
    i.specialise()
  }

  private mutating func nextByte() throws(Fault) -> UInt8 {
    let byte = try byte()
    position -= 1
    return byte
  }

  /// Reads the rest of a VEX prefix, which says at once what 0F, 0F38, 0F3A, 66, F3, F2 and REX do; returns that REX
  /// and the opcode.
  private mutating func vex(_ i: inout InstructionRecord, isShort: Bool, _ is64: Bool) throws(Fault) -> (rex: UInt8, opcode: UInt8) {
    let first = try byte()
    var last = first
    // R, X and B are stored inverted.
    var rex = ~first >> 5 & (isShort ? 4 : 7)
    i.map = 5
    if !isShort {
      i.map = first & 31 <= 3 ? 4 + first & 31 : 4
      last = try byte()
      rex |= last >> 4 & 8
    }
    i.prefixes.insert([[], .operandSize, .repeatZero, .repeatNonzero][Int(last & 3)])
    i.prefixes.insert(.vex)
    if rex & 8 != 0 { i.prefixes.insert(.vexW) }
    i.vectorLength = last >> 2 & 1
    i.vvvv = ~last >> 3 & (is64 ? 15 : 7)
    return (is64 ? rex : 0, try byte())
  }

  private mutating func modRM(_ i: inout InstructionRecord, _ rex: UInt8, _ override: Segment?, _ is64: Bool) throws(Fault) {
    let byte = try byte()
    let mod = byte >> 6
    i.reg = byte >> 3 & 7 | (rex & 4) << 1
    i.rm = byte & 7 | (rex & 1) << 3
    guard mod != 3 else { return }
    // Moves to and from control and debug registers ignore mod.
    if i.map == 1 && (0x20...0x23).contains(i.opcode) { return }
    i.isMemory = true
    var segment: Segment = is64 ? .flat : .ds
    if i.addressWidth == 2 { try address16(&i, mod, &segment) } else {
      var low = byte & 7
      var hasBase = true
      if low == 4 {
        let sib = try self.byte()
        i.scale = sib >> 6
        let index = sib >> 3 & 7 | (rex & 2) << 2
        if index != 4 { i.index = index * 8 }
        low = sib & 7
        if low == 5 && mod == 0 { hasBase = false; i.displacement = try signed(4) }
      } else if low == 5 && mod == 0 {
        hasBase = false
        i.displacement = try signed(4)
        if is64 { isRelative = true }
      }
      if hasBase {
        let base = low | (rex & 1) << 3
        i.base = base * 8
        if !is64 && (base == 4 || base == 5) { segment = .ss }
      }
    }
    if i.addressWidth != 2 {
      if mod == 1 { i.displacement = try signed(1) } else if mod == 2 { i.displacement = try signed(4) }
    }
    i.segment = override ?? segment
  }

  private mutating func address16(_ i: inout InstructionRecord, _ mod: UInt8, _ segment: inout Segment) throws(Fault) {
    // BX+SI BX+DI BP+SI BP+DI SI DI BP BX
    let bases: [UInt8] = [3, 3, 5, 5, 6, 7, 5, 3]
    let rm = Int(i.rm & 7)
    if rm == 6 && mod == 0 { i.displacement = try signed(2); return }
    i.base = bases[rm] * 8
    if rm < 4 { i.index = rm & 1 == 0 ? 48 : 56 }
    if bases[rm] == 5 { segment = .ss }
    if mod == 1 { i.displacement = try signed(1) } else if mod == 2 { i.displacement = try signed(2) }
  }

  /// Reads immediates, and says where the operands are.
  private mutating func operands(_ i: inout InstructionRecord, _ row: OpcodeRow, _ size: UInt8, _ is64: Bool, _ rex: UInt8)
    throws(Fault)
  {
    func bytes(_ operand: Operand) -> UInt8 {
      switch operand.size {
      case 0: size
      case 5: min(size, 4)
      case 6: rex & 8 != 0 ? 8 : 4
      case 7: is64 ? 8 : 4
      default: operand.size
      }
    }
    func place(_ number: UInt8, _ width: UInt8) -> UInt8 {
      width == 1 && rex == 0 && number & 12 == 4 ? (number - 4) * 8 + 1 : number * 8
    }
    var places = (first: UInt8(0), second: UInt8(0), count: 0)
    func add(_ place: UInt8) {
      if places.count == 0 { places.first = place } else if places.count == 1 { places.second = place }
      places.count += 1
    }
    var memoryFirst = false
    var hasImmediate = false
    for number in row.operands.indices {
      guard let operand = row.operands[number] else { break }
      let width = bytes(operand)
      if number == 0 { i.width = width }
      switch operand.method {
      case .rm:
        if i.isMemory { memoryFirst = number == 0; add(0) } else { add(place(i.rm, width)) }
      case .memory: memoryFirst = number == 0; add(0)
      case .reg: add(place(i.reg, width))
      case .opcode: add(place(i.rm, width))
      case .accumulator: add(0)
      case .offset:
        i.isMemory = true
        memoryFirst = number == 0
        add(0)
        for byte in 0..<Int(i.addressWidth) { i.displacement |= UInt64(try self.byte()) << UInt64(8 * byte) }
      case .immediate, .signedByte, .branch:
        // TEST alone of group 3 has an immediate.
        if i.map == 0, i.opcode & 0xFE == 0xF6, i.reg & 7 > 1 { continue }
        // ENTER has a second one.
        if hasImmediate { i.secondImmediate = try byte(); continue }
        hasImmediate = true
        i.immediate = try signed(Int(operand.method == .immediate || operand.method == .branch ? width : 1))
      case .far:
        let offset = try signed(Int(size)) & (size == 2 ? 0xFFFF : 0xFFFF_FFFF)
        i.immediate = offset | (try signed(2) & 0xFFFF) << 32
      case .one: hasImmediate = true; i.immediate = 1
      case .count: i.usesCL = true
      case .segment, .control: break
      }
    }
    // Immediates of stack and branch instructions are not what the operand size is about.
    let first = row.operands[0]
    switch first?.method {
    case nil: i.width = size
    case .branch, .immediate, .signedByte: if row.isWideByDefault || first?.size == 2 { i.width = size }
    default: break
    }
    i.destination = places.first
    i.source = places.second
    if i.isMemory {
      i.form = memoryFirst ? (hasImmediate || places.count < 2 ? .memoryImmediate : .memoryRegister) : .registerMemory
    } else {
      i.form = hasImmediate || places.count < 2 ? .registerImmediate : .registerRegister
    }
  }
}
