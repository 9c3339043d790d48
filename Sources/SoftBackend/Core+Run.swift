internal import Primitives
internal import Processor

/// The head of a cached block; its instructions follow.
struct BlockRecord {
  var physical: UInt64
  var mode: UInt64
  /// RAM page of the code, or -1 for code that cannot change.
  var page: Int
  var version: UInt32
  /// How many instructions.
  var count: UInt32
  static let headerSize = 64
  static let longest = 64
}

extension Core {
  /// The linear address of the next instruction, which must lie in its segment.
  @inline(__always) func nextCodeLinear(_ rip: UInt64) throws(Fault) -> UInt64 {
    if is64Bit { return rip }
    if rip > segmentLimit(Segment.cs) { throw .protection }
    return codeLinear(rip)
  }
  func codeLinear(_ rip: UInt64) -> UInt64 { is64Bit ? rip : (rip &+ segmentBase(1)) & 0xFFFF_FFFF }
  func truncateIP(_ rip: UInt64, _ width: UInt8) -> UInt64 { width == 8 ? rip : width == 4 ? rip & 0xFFFF_FFFF : rip & 0xFFFF }

  /// The decoded block at RIP, from the cache or made now.
  @inline(__always) func findBlock() throws(Fault) -> Instruction {
    let rip = self[.rip]
    let physical = try codeAddress(nextCodeLinear(rip))
    let slot = Self.blocks &+ Int(truncatingIfNeeded: (rip ^ rip >> 16) & 0xFFFF) &* 16
    if load(slot, as: UInt64.self) == rip, let p = unsafe UnsafeMutableRawPointer(bitPattern: UInt(load(slot &+ 8, as: UInt64.self))) {
      let block = unsafe p.assumingMemoryBound(to: BlockRecord.self)
      if unsafe block.pointee.physical == physical, unsafe block.pointee.mode == self[.mode],
        isCurrent(unsafe block.pointee.page, unsafe block.pointee.version)
      {
        self[.currentBlock] = UInt64(UInt(bitPattern: p))
        return unsafe Instruction(record: (p + BlockRecord.headerSize).assumingMemoryBound(to: InstructionRecord.self))
      }
    }
    return try buildBlock(rip, physical, slot)
  }

  @inline(__always) private func isCurrent(_ page: Int, _ version: UInt32) -> Bool {
    guard page >= 0, let marks = unsafe UnsafePointer<UInt8>(bitPattern: UInt(self[.marks])),
      let versions = unsafe UnsafePointer<UInt32>(bitPattern: UInt(self[.versions]))
    else { return page < 0 }
    return unsafe marks[page] == 1 && versions[page] == version
  }

  @inline(never) private func buildBlock(
    _ rip: UInt64, _ physical: UInt64, _ slot: Int, longest: Int = BlockRecord.longest
  ) throws(Fault) -> Instruction {
    let room = UInt64(BlockRecord.headerSize + (BlockRecord.longest + 1) * MemoryLayout<InstructionRecord>.stride)
    if self[.arenaNext] &+ room > self[.arenaEnd] { processor.emptyBlockCache() }
    guard let p = unsafe UnsafeMutableRawPointer(bitPattern: UInt(self[.arenaNext])) else { preconditionFailure("the block cache has memory") }
    let records = unsafe (p + BlockRecord.headerSize).assumingMemoryBound(to: InstructionRecord.self)
    let (page, version) = processor.markCode(physical)
    var count = 0
    var at = rip
    var cacheable = longest > 1
    let breakpoints = processor.traps.breakpoints
    while count < longest {
      let linearNow = codeLinear(at)
      if count > 0 && linearNow >> 12 != codeLinear(rip) >> 12 { break }
      var decoder = Decoder(self, at: at, physical: physical &+ (at &- rip))
      do {
        try decoder.decode(into: &(unsafe records[count]))
      } catch {
        // A fault of a later instruction is raised when it is reached.
        if count == 0 { throw error }
        break
      }
      if breakpoints.contains(codeLinear(at)) { unsafe records[count].operation = .breakpoint }
      if decoder.crossesPage {
        if count > 0 { break }
        cacheable = false
      }
      at = unsafe truncateIP(at &+ UInt64(records[count].length), is64Bit ? 8 : self[.mode] & Mode.code32 != 0 ? 4 : 2)
      count += 1
      if !cacheable || Self.endsBlock(unsafe records[count - 1].operation) { break }
    }
    unsafe records[count] = InstructionRecord()
    unsafe records[count].address = at
    unsafe records[count].operation = .endOfBlock
    unsafe p.storeBytes(of: BlockRecord(physical: physical, mode: self[.mode], page: page, version: version, count: UInt32(truncatingIfNeeded: count)), as: BlockRecord.self)
    if cacheable {
      self[.arenaNext] = self[.arenaNext] &+ UInt64(BlockRecord.headerSize + (count + 1) * MemoryLayout<InstructionRecord>.stride + 15) & ~15
      store(rip, at: slot)
      store(UInt64(UInt(bitPattern: p)), at: slot &+ 8)
    }
    self[.currentBlock] = UInt64(UInt(bitPattern: p))
    return unsafe Instruction(record: records)
  }

  private static func endsBlock(_ operation: Operation) -> Bool {
    switch operation {
    case .jump, .jumpNear, .call, .callNear, .ret, .loop, .jcxz, .undefined: true
    default: operation.rawValue >= Operation.farJump.rawValue && operation.rawValue <= Operation.sysexit.rawValue
    }
  }

  /// The code of the running block was overwritten: nothing more of it is executed.
  func stopBlock(inPage page: UInt64) {
    guard let p = unsafe UnsafeMutableRawPointer(bitPattern: UInt(self[.currentBlock])),
      unsafe p.load(as: BlockRecord.self).physical & ~0xFFF == page
    else { return }
    stopBlock()
  }

  /// Nothing more of the running block is executed, nor ever again.
  func stopBlock() {
    guard let p = unsafe UnsafeMutableRawPointer(bitPattern: UInt(self[.currentBlock])) else { return }
    let records = unsafe (p + BlockRecord.headerSize).assumingMemoryBound(to: InstructionRecord.self)
    for n in 0...BlockRecord.longest {
      if unsafe records[n].operation == .endOfBlock { break }
      unsafe records[n].operation = .endOfBlock
    }
  }

  /// Runs until somebody asks for attention. Exceptions are delivered on the way.
  func run() throws(Fault) {
    while self[.attention] == 0 {
      do {
        if self[.systemFlags] & Flags.tf == 0 { try execute(findBlock()) } else { try trace() }
      } catch {
        try deliver(error)
      }
    }
  }

  /// Runs like `run`, with guest time that passes by the block, until a deadline has come too.
  /// A loop over one block leaves it each time, or its time would stand still.
  func run(counting time: InstructionTime) throws(Fault) {
    repeat {
      do {
        if self[.systemFlags] & Flags.tf == 0 {
          let first = try findBlock()
          if let p = unsafe UnsafeRawPointer(bitPattern: UInt(self[.currentBlock])) {
            time.pass(UInt64(unsafe p.load(as: BlockRecord.self).count))
          }
          try execute(first, mayRepeat: false)
        } else {
          time.pass(1)
          try trace()
        }
      } catch {
        time.pass(1)
        try deliver(error)
      }
    } while self[.attention] == 0 && !time.isDue
  }

  /// Runs like `run`, but looks up after each instruction.
  func runSlowly(counting time: InstructionTime?) throws(Fault) {
    while self[.attention] == 0, time?.isDue != true {
      time?.pass(1)
      do { try step() } catch { try deliver(error) }
    }
  }

  /// Runs exactly one instruction, and tells which.
  @discardableResult func step() throws(Fault) -> Operation {
    let instruction = try decodeNext()
    let operation = instruction.operation
    try execute(instruction, mayRepeat: false)
    return operation
  }

  /// The instruction at RIP, as a block of its own.
  func decodeNext() throws(Fault) -> Instruction {
    let rip = self[.rip]
    return try buildBlock(rip, codeAddress(nextCodeLinear(rip)), 0, longest: 1)
  }

  /// Executes one block; over and over, if it is a loop and may be.
  func execute(_ first: Instruction, mayRepeat: Bool = true) throws(Fault) {
    var i = first
    do {
      while true {
        switch i.operation {
        case .load64: set(i.destination, try readOperand(i, UInt64.self))
        case .load32: set(i.destination, try readOperand(i, UInt32.self))
        case .store64: try writeOperand(i, get(i.source, UInt64.self))
        case .store32: try writeOperand(i, get(i.source, UInt32.self))
        case .copy64: registers(i, Move.self, UInt64.self)
        case .copy32: registers(i, Move.self, UInt32.self)
        case .lea64: self[register: Int(i.reg)] = effectiveAddress(i)
        case .push64: try push(self[register: Int(i.rm)], 8)
        case .pop64: self[register: Int(i.rm)] = try pop(8)
        case .add64: registers(i, Add.self, UInt64.self)
        case .addImmediate64: immediate(i, Add.self, UInt64.self)
        case .subtractImmediate64: immediate(i, Subtract.self, UInt64.self)
        case .compare64: registers(i, Compare.self, UInt64.self)
        case .compareImmediate64: immediate(i, Compare.self, UInt64.self)
        case .compare32: registers(i, Compare.self, UInt32.self)
        case .compareImmediate32: immediate(i, Compare.self, UInt32.self)
        case .test64: registers(i, Test.self, UInt64.self)
        case .test32: registers(i, Test.self, UInt32.self)
        case .xor32: registers(i, Xor.self, UInt32.self)
        case .andImmediate32: immediate(i, And.self, UInt32.self)
        case .move: try binary(i, Move.self)
        case .add: try binary(i, Add.self)
        case .or: try binary(i, Or.self)
        case .adc: try binary(i, AddCarry.self)
        case .sbb: try binary(i, SubtractBorrow.self)
        case .and: try binary(i, And.self)
        case .sub: try binary(i, Subtract.self)
        case .xor: try binary(i, Xor.self)
        case .cmp: try binary(i, Compare.self)
        case .test: try binary(i, Test.self)
        case .lea: setRegister(i.reg, effectiveAddress(i), i.width)
        case .moveZero8: try extended(i, UInt8.self, signed: false)
        case .moveZero16: try extended(i, UInt16.self, signed: false)
        case .moveSign8: try extended(i, UInt8.self, signed: true)
        case .moveSign16: try extended(i, UInt16.self, signed: true)
        case .moveSign32: try extended(i, UInt32.self, signed: true)
        case .cmov: try conditionalMove(i)
        case .push: try push(operand(i), i.width)
        case .pushImmediate: try push(i.immediate, i.width)
        case .pop: try popInto(i)
        case .shl, .shr, .sar, .rol, .ror: try shift(i)
        case .increment, .decrement, .negate, .not: try unary(i)
        case .nop, .prefetch, .pause: break
        case .jumpIfZero, .jumpUnlessZero, .jcc:
          let isTaken =
            switch i.operation {
            case .jumpIfZero: isZero
            case .jumpUnlessZero: !isZero
            default: condition(i.opcode)
            }
          if isTaken {
            if mayRepeat && i.immediate == first.address && self[.attention] == 0 { i = first; continue }
            self[.rip] = i.immediate
            return
          }
        case .jump:
          self[.rip] = i.immediate
          return
        case .call:
          try push(i.next, i.width)
          self[.rip] = i.immediate
          return
        case .jumpNear:
          self[.rip] = try operand(i)
          return
        case .callNear:
          let target = try operand(i)
          try push(i.next, i.width)
          self[.rip] = target
          return
        case .ret:
          let target = try pop(i.width)
          if i.opcode == 0xC2 { drop(i.immediate & 0xFFFF) }
          self[.rip] = target
          return
        case .endOfBlock:
          self[.rip] = i.address
          return
        default:
          if try executeWide(i) {
            self[.rip] = i.address
            return
          }
          if self[.pending] != 0 {
            self[.pending] = 0
            return
          }
        }
        i = unsafe Instruction(record: i.record + 1)
      }
    } catch {
      self[.rip] = i.address
      if error == .undefined { processor.backend.undefined.count(InstructionTally.name(i)) }
      throw error
    }
  }

  /// Instructions that are the same for all widths; returns whether to come back to this one.
  private func executeWide(_ i: Instruction) throws(Fault) -> Bool {
    switch i.operation {
    case .vector: try executeVector(i)
    case .breakpoint:
      processor.trap(.breakpoint)
      return true
    case .imulTwo, .imulThree, .mul, .imul, .div, .idiv, .rcl, .rcr, .shld, .shrd, .bitTest, .bitTestSet, .bitTestReset,
      .bitTestComplement, .scanForward, .scanReverse, .tzcnt, .lzcnt, .popcnt, .exchange,
      .exchangeAdd, .compareExchange, .moveString, .storeString, .loadString, .compareString, .scanString, .inputString, .outputString:
      switch i.width {
      case 1: return try executeSized(i, UInt8.self)
      case 2: return try executeSized(i, UInt16.self)
      case 4: return try executeSized(i, UInt32.self)
      default: return try executeSized(i, UInt64.self)
      }
    default: try executeRare(i)
    }
    return false
  }

  @inline(__always) private func executeSized<T: DividendHalf>(_ i: Instruction, _: T.Type) throws(Fault) -> Bool {
    switch i.operation {
    case .imulTwo, .imulThree: try multiplyInto(i, T.self)
    case .mul, .imul: try multiply(i, T.self)
    case .div, .idiv: try divide(i, T.self)
    case .rcl, .rcr: try shift(i, T.self)
    case .shld, .shrd: try doubleShift(i, T.self)
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: try bitTest(i, T.self)
    case .scanForward, .scanReverse: try scan(i, T.self)
    case .tzcnt, .lzcnt: try countZeros(i, T.self)
    case .popcnt: try countBits(i, T.self)
    case .exchange: try exchange(i, T.self)
    case .exchangeAdd: try exchangeAdd(i, T.self)
    case .compareExchange: try compareExchange(i, T.self)
    default: return try string(i, T.self)
    }
    return false
  }
}
