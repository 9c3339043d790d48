internal import Glibc
internal import InterruptChips
internal import Processor
internal import Synchronization
internal import Time

/// What a processor does between two blocks: interrupts, start-up messages, kicks and sleep.
extension SoftProcessor {
  /// Why the core should look up, as bits of its attention word.
  enum Attention: UInt64 {
    /// The interrupt fabric has, or may have, something.
    case interrupt = 1
    case kick = 2
    /// A page began to hold code: nobody may write to it unseen.
    case staleWrites = 4
    case staleMap = 8
    /// HLT.
    case halt = 16
    /// Something that a debugger waits for.
    case trap = 32
    /// Somebody else wrote to a page that holds code.
    case staleCode = 64
  }

  /// Makes the core look up at the end of its block. From any thread.
  func requestAttention(_ reason: Attention) {
    core.raise(reason)
    unsafe pthread_mutex_lock(wakeLock)
    unsafe pthread_cond_signal(wakeUp)
    unsafe pthread_mutex_unlock(wakeLock)
  }

  /// Answers all that asked for attention.
  func attend() throws(Fault) -> Pause? {
    let reasons = unsafe core.attentionWord.pointee.exchange(0, ordering: .sequentiallyConsistent)
    if reasons & Attention.staleMap.rawValue != 0 { refreshMap() }
    if reasons & Attention.staleCode.rawValue != 0 { translator.forgetStalePages() }
    if reasons & Attention.staleWrites.rawValue != 0 { core.flushTranslations(for: .write) }
    if reasons & Attention.trap.rawValue != 0, let trap = takeTrap() { return .trapped(trap) }
    if reasons & Attention.kick.rawValue != 0 { return .kicked }
    do {
      try core.raiseDebugReasons()
      try takeEvents()
    } catch {
      try core.deliver(error)
      core.raise(.interrupt)
    }
    return core[.halted] != 0 ? sleep() : nil
  }

  /// Takes what the fabric has, as far as the processor accepts it now.
  private func takeEvents() throws(Fault) {
    while true {
      // One interrupt may follow another without end: who wants attention gets it between two.
      if core[.attention] != 0 { return core.raise(.interrupt) }
      core[.deferred] = 0
      let signals = interrupts.bell.signals
      if signals.isEmpty { return }
      let isOpen = core[.systemFlags] & Flags.interrupts != 0
      // Until the interrupt flag is set again, which looks at `deferred`.
      if signals == .interrupt && !isOpen { return core[.deferred] = 1 }
      // STI and MOV SS hold back what may be taken, for one instruction.
      if core[.shadow] == core[.rip], isOpen && signals.contains(.interrupt) || signals.contains(.nonMaskable) {
        core[.shadow] = .max
        try core.stepExactly()
        continue
      }
      switch interrupts.fabric.poll(index) {
      case .none: return core[.deferred] = interrupts.bell.signals.isEmpty ? 0 : 1
      case .interrupt:
        guard isOpen else { return core[.deferred] = 1 }
        core[.halted] = 0
        try core.interrupt(interrupts.fabric.acknowledge(index), code: nil, kind: .external)
      case .nonMaskable:
        core[.halted] = 0
        core[.inNonMaskable] = 1
        try core.interrupt(2, code: nil, kind: .external)
      case .initialize: initialize()
      case .startUp(let page): start(atPage: page)
      }
    }
  }

  /// Waits until somebody asks for attention; `.halted` if nobody ever can.
  private func sleep() -> Pause? {
    let isDeaf = core[.systemFlags] & Flags.interrupts == 0
    if isDeaf {
      backend.stuckProcessors.add(1, ordering: .sequentiallyConsistent)
      if backend.isStuck {
        backend.tellAll(.halt, except: self)
        return .halted
      }
    }
    if let time = backend.clock.counted { skipTime(time) }
    unsafe pthread_mutex_lock(wakeLock)
    while unsafe core.attentionWord.pointee.load(ordering: .sequentiallyConsistent) == 0 {
      unsafe pthread_cond_wait(wakeUp, wakeLock)
    }
    unsafe pthread_mutex_unlock(wakeLock)
    if isDeaf {
      if backend.isStuck { return .halted }
      backend.stuckProcessors.subtract(1, ordering: .sequentiallyConsistent)
    }
    return nil
  }

  /// Where time is counted, that of sleep passes at once.
  private func skipTime(_ time: InstructionTime) {
    while core[.attention] == 0 {
      if time.isDue { time.keep() } else if !time.skip() { return }
    }
  }

  /// STARTUP: real mode at the start of a page below 1 MiB.
  func start(atPage page: UInt8) {
    core.setSegment(
      Segment.cs, selector: UInt16(page) << 8, base: UInt64(page) << 12, limit: 0xFFFF, attributes: 0x9B)
    core[.rip] = 0
    core[.halted] = 0
    core.updateMode()
  }
}

extension Core {
  var attentionWord: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + Field.attention.rawValue).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Makes the run loop end after this block.
  func raise(_ reason: SoftProcessor.Attention) {
    _ = unsafe attentionWord.pointee.bitwiseOr(reason.rawValue, ordering: .sequentiallyConsistent)
  }

  /// The interrupt flag may have been set: takes what waited for it.
  @inline(__always) func openInterrupts() {
    if self[.deferred] != 0 { raise(.interrupt) }
  }
}
