internal import Primitives

extension Core {
  /// Runs as with a translator, with each translated block rehearsed before.
  func run(_ lockstep: Lockstep, with translator: Translator) throws(TripleFault) {
    while self[.attention] == 0, lockstep.difference == nil {
      translator.forgetEdge()
      do throws(Fault) {
        if self[.systemFlags] & Flags.tf != 0 {
          lockstep.interrupt()
          try stepExactly()
          continue
        }
        let first = try findBlock()
        // The block may have become a longer one.
        guard let number = code(translator), let block = unsafe UnsafeMutablePointer<BlockRecord>(bitPattern: UInt(self[.currentBlock])) else {
          lockstep.interrupt()
          try execute(first, goingOn: false)
          continue
        }
        lockstep.begin(number, unsafe Instruction(firstOf: block))
        let hasFlags = try translator.runAlone(number)
        lockstep.end(byEdge: hasFlags != nil, hasFlags: hasFlags ?? true)
      } catch {
        lockstep.interrupt()
        try deliver(error)
      }
    }
    lockstep.interrupt()
  }

  /// A block of one instruction.
  func alone(_ i: Instruction) -> Instruction {
    let place = unsafe base + TranslatedState.helperBlock
    unsafe place.storeBytes(of: BlockRecord(rip: i.address, mode: self[.mode], epoch: 0, page: -1, version: 0, physical: .max), as: BlockRecord.self)
    let first = unsafe Instruction(firstOf: place.assumingMemoryBound(to: BlockRecord.self))
    unsafe first.record[0] = i.record.pointee
    unsafe first.record[1] = InstructionRecord()
    unsafe first.record[1].operation = .endOfBlock
    unsafe first.record[1].address = i.next
    return first
  }

  func bytes(of i: Instruction) -> String {
    guard let place = try? codeAddress(codeLinear(i.address)) else { return "?" }
    return (0..<Int(i.length)).map { readPhysical(place &+ UInt64($0), 1).hex() }.joined(separator: " ")
  }

  /// The memory that an instruction may access; nil if what it does cannot be undone.
  func reversibleMemory(of i: Instruction) -> [Lockstep.Touched]? {
    guard Self.isReversible(i) else { return nil }
    var places: [(address: UInt64, count: Int)] = []
    if i.isMemory, i.operation.plain != .lea, i.operation != .nop, i.operation != .prefetch {
      guard let address = try? linear(i, 1, write: false) else { return nil }
      places.append((address, max(Int(i.width), 1)))
    }
    let width = UInt64(i.width)
    switch i.operation.plain {
    case .push, .pushImmediate, .pushFlags, .call, .callNear: places.append((self[.rsp] &- width, Int(width)))
    case .pop, .ret: places.append((self[.rsp], Int(width)))
    case .leave: places.append((self[.rbp], Int(width)))
    default: break
    }
    var touched: [Lockstep.Touched] = []
    for place in places {
      guard let host = unsafe plainMemory(place.address, place.count) else { return nil }
      unsafe touched.append(Lockstep.Touched(host, place.count))
    }
    return touched
  }

  /// Where some bytes lie on the host, if all are in one page of RAM without code.
  private func plainMemory(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
    guard Int(address & 0xFFF) + count <= 4096, (try? probe(address, count, write: false)) != nil,
      let path = try? translate(address, cpl == 3 ? .user : [])
    else { return nil }
    for window in context.windows where window.first <= path.physical && path.physical <= window.last {
      let offset = Int(path.physical - window.first)
      guard let ram = window.writeOffset, unsafe window.host == window.writeHost, context.environment.memory.codeMark((ram + offset) / 4096) != 1 else { break }
      return unsafe window.host + offset
    }
    return nil
  }

  private static func isReversible(_ i: Instruction) -> Bool {
    switch i.operation.plain {
    case .add, .or, .adc, .sbb, .and, .sub, .xor, .cmp, .test, .move, .increment, .decrement, .negate, .not, .lea, .moveZero8, .moveZero16,
      .moveSign8, .moveSign16, .moveSign32, .cmov, .setcc, .shl, .shr, .sar, .rol, .ror, .rcl, .rcr, .shld, .shrd, .mul, .imul, .imulTwo,
      .imulThree, .div, .idiv, .scanForward, .scanReverse, .popcnt, .tzcnt, .lzcnt, .exchange, .exchangeAdd, .compareExchange, .byteSwap,
      .moveBE, .convert, .extend, .push, .pushImmediate, .pushFlags, .leave, .nop, .prefetch, .pause, .lahf, .sahf, .cmc, .clc, .stc, .cld, .std, .jcc, .jump,
      .jumpNear, .call, .callNear, .ret, .moveFromSegment, .swapgs, .rdfsbase, .rdgsbase, .andn, .bextr, .blsr, .blsmsk, .blsi, .bzhi, .pdep, .pext, .rorx, .mulx, .shlx, .sarx, .shrx, .adcx,
      .adox, .hosted, .hostedFloat, .hostedRarely, .x87, .x87Move, .x87Compare, .fnstcw, .fnstsw, .fnstswAX, .fldcw, .fninit, .fnclex, .fwait, .emms:
      true
    case .pop: !i.isMemory
    // A bit number in a register leads anywhere.
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: !i.isMemory || i.hasImmediate
    default: false
    }
  }
}

/// What translated code calls in lockstep.
@unsafe func lockstepHelper(_ core: UnsafeMutableRawPointer, _ records: UnsafeMutableRawPointer) -> UInt64 {
  let core = unsafe Core(base: core)
  let records = unsafe records.assumingMemoryBound(to: InstructionRecord.self)
  let request = HelperRequest(rawValue: core.load(TranslatedState.request))
  guard let lockstep = core.context.lockstep else { return HelperResult.leave }
  if request.flagsBefore { core.takeFlags() }
  let i = unsafe Instruction(record: records)
  lockstep.beforeHelp(i, hasFlags: request.flagsBefore)
  if request.flagsBefore { core.giveFlags() }
  let result = unsafe core.help(records)
  if result == HelperResult.next { lockstep.afterHelp(i, request.count) }
  return result
}
