internal import CLinux
internal import Primitives
internal import Time

/// The run loop with both tiers.
extension Core {
  /// Runs until somebody asks for attention: hot blocks as host code, the rest as the interpreter does.
  func run(with translator: Translator) throws(TripleFault) {
    var last: Instruction?
    while self[.attention] == 0 {
      do throws(Fault) {
        if self[.systemFlags] & Flags.tf != 0 {
          last = nil
          translator.forgetEdge()
          try stepExactly()
        } else if !Mode.isTranslatable(self[.mode]) {
          // Other code is interpreted, from block to block.
          translator.forgetEdge()
          last = try execute(findBlock(after: last))
        } else {
          last = nil
          try runBlock(with: translator)
        }
      } catch {
        last = nil
        translator.forgetEdge()
        try deliver(error)
      }
    }
    translator.forgetEdge()
  }

  /// Runs like `run`, with guest time that passes by the block: as many instructions as the interpreter counts, and what
  /// is due comes between the same two.
  func run(counting time: InstructionTime, with translator: Translator) throws(TripleFault) {
    repeat {
      do throws(Fault) {
        if self[.systemFlags] & Flags.tf != 0 {
          translator.forgetEdge()
          time.pass(1)
          try stepExactly()
        } else {
          let first = try findBlock()
          if Mode.isTranslatable(self[.mode]), let number = code(translator) {
            open(time)
            defer { settle(time) }
            try translator.run(number)
          } else {
            translator.forgetEdge()
            time.pass(try execute(first, goingOn: false).distance(from: first) + 1)
          }
        }
      } catch {
        translator.forgetEdge()
        time.pass(1)
        try deliver(error)
      }
    } while self[.attention] == 0 && !time.isDue
    translator.forgetEdge()
  }

  /// Translated code may run until time is due.
  private func open(_ time: InstructionTime) {
    let left = time.instructionsLeft
    store(left, at: TranslatedState.budget)
    store(left, at: TranslatedState.wholeBudget)
  }
  /// What translated code has executed so far passes, by whole blocks.
  private func settle(_ time: InstructionTime) {
    let left: Int64 = load(TranslatedState.budget)
    time.pass(UInt64(bitPattern: load(TranslatedState.wholeBudget, as: Int64.self) &- left))
    store(left, at: TranslatedState.wholeBudget)
  }

  /// Runs the block at RIP, and those that code of the host finds from there.
  @inline(__always) func runBlock(with translator: Translator) throws(Fault) {
    let first = try findBlock()
    guard let number = code(translator) else {
      translator.forgetEdge()
      try execute(first, goingOn: false)
      return
    }
    try translator.run(number)
  }

  /// The number of the present block's code, made when it has run often enough.
  @inline(__always) func code(_ translator: Translator) -> Int? {
    guard let block = unsafe UnsafeMutablePointer<BlockRecord>(bitPattern: UInt(self[.currentBlock])) else { return nil }
    let number = unsafe Int(block.pointee.code)
    if number >= 0 {
      if !translator.isDead(number) { return number }
    } else {
      let heat = unsafe block.pointee.heat
      if heat > translator.threshold { return nil }
      // Tried once, whatever comes of it.
      unsafe block.pointee.heat = heat + 1
      if heat < translator.threshold { return nil }
    }
    // Code that was there and is not good any more is made anew.
    let longer = unsafe withTail(block)
    guard let made = unsafe translator.translate(longer, triesNearEntries: number < 0) else { return nil }
    unsafe longer.pointee.code = Int32(truncatingIfNeeded: made)
    unsafe block.pointee.code = Int32(truncatingIfNeeded: made)
    return made
  }

  /// Executes instructions for translated code: a copy of them, so that nothing runs beyond. How it goes on.
  @unsafe func help(_ records: UnsafeMutablePointer<InstructionRecord>) -> UInt64 {
    let request = HelperRequest(rawValue: load(TranslatedState.request))
    guard let blocks = unsafe UnsafePointer<Translator.Block>(bitPattern: UInt(load(TranslatedState.blockTable, as: UInt64.self))) else { return HelperResult.leave }
    let block = unsafe blocks + request.block
    if request.flagsBefore { takeFlags() }
    if request.count > 1 { losePatience(request.block) }
    do throws(Fault) {
      store(Exit.helper.rawValue, at: TranslatedState.exit)
      if let time = context.environment.clock.counted {
        try unsafe finish(block, from: records, time)
        return HelperResult.leave
      }
      let first = unsafe copy(records, request.count, from: block)
      let (mode, epoch) = (self[.mode], self[.epoch])
      let last = try execute(first, goingOn: false)
      guard self[.attention] == 0 else { return HelperResult.leave }
      guard last.operation == .endOfBlock, mode == self[.mode], epoch == self[.epoch], unsafe !block.pointee.isDead
      else { return elsewhere }
      if request.flagsAfter { giveFlags() }
      return HelperResult.next
    } catch {
      context.translator.leave(with: error)
      store(Exit.fault.rawValue, at: TranslatedState.exit)
      return HelperResult.leave
    }
  }

  /// Translated code of whatever mode goes on at RIP, if there is any.
  private var elsewhere: UInt64 {
    guard self[.systemFlags] & Flags.tf == 0, let place = findTarget() else { return HelperResult.leave }
    giveFlags()
    return place
  }

  /// Where the code for RIP is on the host.
  fileprivate func findTarget() -> UInt64? {
    let mode = self[.mode], rip = self[.rip]
    let set = Int(mode & Mode.translations) >> Int(Mode.translationsShift)
    guard Mode.isTranslatable(mode), set < SoftTLB.sets, context.lockstep == nil else { return nil }
    let line = TranslatedState.target(rip, set, is64Bit: mode & Mode.long64 != 0)
    if load(line, as: UInt64.self) == rip { return load(line + 8) }
    guard knownBlock(rip) != nil, let block = unsafe UnsafePointer<BlockRecord>(bitPattern: UInt(self[.currentBlock])) else { return nil }
    return context.translator.place(of: unsafe Int(block.pointee.code))
  }

  /// Where time is counted the interpreter executes all that is left of a block, and time passes as it does without
  /// translated code.
  @unsafe private func finish(_ block: UnsafePointer<Translator.Block>, from records: UnsafeMutablePointer<InstructionRecord>, _ time: InstructionTime) throws(Fault) {
    guard let head = unsafe UnsafeMutablePointer<BlockRecord>(bitPattern: UInt(block.pointee.record)) else { return }
    settle(time)
    self[.currentBlock] = unsafe block.pointee.record
    noteHelp(unsafe records.pointee.operation)
    let last = try execute(unsafe Instruction(record: records), goingOn: false)
    time.pass(last.distance(from: unsafe Instruction(firstOf: head)) + 1)
  }

  /// Where a page lies on the host, for translated code that did not find it in the soft TLB; zero unless it is RAM that
  /// the access may reach and stays in, and no code was there: a helper sees whether the running block is still good.
  fileprivate func find(_ address: UInt64, _ count: Int, write: Bool, for block: Int) -> UInt64 {
    let translator = context.translator
    // The instruction is executed again where this finds nothing, so its record must stay what it is.
    self[.currentBlock] = 0
    judgeIfImpatient(block)
    let invalidations = translator.invalidations
    guard Int(address & 0xFFF) + count <= 4096, (try? probe(address, count, write: write)) != nil, translator.invalidations == invalidations,
      let place = unsafe write ? writeHost(address, count) : readHost(address, count)
    else { return 0 }
    return UInt64(UInt(bitPattern: place)) & ~0xFFF
  }

  /// A span that is not in one page costs as much as many misses of near entries.
  private func losePatience(_ block: Int) {
    let place = TranslatedState.patience + block * 4
    store(load(place, as: Int32.self) &- 16, at: place)
    judgeIfImpatient(block)
  }
  private func judgeIfImpatient(_ block: Int) {
    guard load(TranslatedState.patience + block * 4, as: Int32.self) <= 0 else { return }
    context.translator.judge(block, at: context.environment.clock.now.nanoseconds)
  }

  /// Makes a block of some instructions of another one.
  @unsafe private func copy(_ records: UnsafeMutablePointer<InstructionRecord>, _ count: Int, from block: UnsafePointer<Translator.Block>) -> Instruction {
    let place = unsafe base + TranslatedState.helperBlock
    unsafe place.storeBytes(
      of: BlockRecord(rip: records.pointee.address, mode: self[.mode], epoch: 0, page: block.pointee.page, version: 0, physical: block.pointee.physicalPage << 12),
      as: BlockRecord.self)
    let first = unsafe Instruction(firstOf: place.assumingMemoryBound(to: BlockRecord.self))
    unsafe first.record.update(from: records, count: count)
    unsafe first.record[count] = InstructionRecord()
    unsafe first.record[count].operation = .endOfBlock
    unsafe first.record[count].address = Instruction(record: records + count - 1).next
    self[.currentBlock] = UInt64(UInt(bitPattern: place))
    noteHelp(first.operation)
    return first
  }

  /// Whether a helper executes a copy of instructions.
  var isInHelper: Bool { self[.currentBlock] == UInt64(UInt(bitPattern: unsafe base + TranslatedState.helperBlock)) }

  private func noteHelp(_ operation: Operation) {
    let counter = TranslatedState.helped + operation.rawValue * 8
    store(load(counter, as: UInt64.self) &+ 1, at: counter)
  }
}

extension CoreContext {
  /// This thread may run translated code from now on: GS leads to the core, and signals have a stack of their own,
  /// since the guest's stack pointer is in the host's register.
  func prepareThread() { unsafe linux_prepare_guest_thread(core.base, signalStack.baseAddress, signalStack.count) }
}

extension Core {
  /// Translated code finds the functions that it calls.
  func noteHostFunctions() {
    let helper: @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> UInt64 = unsafe context.lockstep == nil ? translationHelper : lockstepHelper
    let finder: @convention(c) (UnsafeMutableRawPointer, UInt64, UInt64, UInt64, UInt64) -> UInt64 = unsafe translationFinder
    let clock: @convention(c) (UnsafeMutableRawPointer) -> UInt64 = unsafe translationClock
    let targetFinder: @convention(c) (UnsafeMutableRawPointer) -> UInt64 = unsafe translationTarget
    store(unsafe unsafeBitCast(helper, to: UInt.self), at: TranslatedState.helper)
    store(unsafe unsafeBitCast(finder, to: UInt.self), at: TranslatedState.finder)
    store(unsafe unsafeBitCast(clock, to: UInt.self), at: TranslatedState.clock)
    store(unsafe unsafeBitCast(targetFinder, to: UInt.self), at: TranslatedState.targetFinder)
  }
}

/// What translated code calls for an instruction that has no code; see HelperResult.
@unsafe func translationHelper(_ core: UnsafeMutableRawPointer, _ records: UnsafeMutableRawPointer) -> UInt64 {
  unsafe Core(base: core).help(records.assumingMemoryBound(to: InstructionRecord.self))
}
/// What translated code calls for the time stamp.
@unsafe func translationClock(_ core: UnsafeMutableRawPointer) -> UInt64 { unsafe Core(base: core).context.timeStamp }
/// What translated code calls to find a page: an address, how much is accessed less one, whether it is written, and the
/// number of the block.
@unsafe func translationFinder(_ core: UnsafeMutableRawPointer, _ address: UInt64, _ size: UInt64, _ write: UInt64, _ block: UInt64) -> UInt64 {
  unsafe Core(base: core).find(address, Int(truncatingIfNeeded: size) + 1, write: write != 0, for: Int(truncatingIfNeeded: block))
}
/// What translated code calls for the code at RIP; zero if there is none.
@unsafe func translationTarget(_ core: UnsafeMutableRawPointer) -> UInt64 { unsafe Core(base: core).findTarget() ?? 0 }
