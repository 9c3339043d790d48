internal import InterruptChips
package import Processor
package import SystemBus
internal import Synchronization
internal import Time

/// What a core does from block to block: it executes code, and answers whoever asks for attention.
extension CoreContext {
  /// Makes the core look up at the end of its block. From any thread.
  package func raise(_ reason: Attention) { core.raise(reason) }

  /// Whether somebody has asked for attention.
  package var isAskedForAttention: Bool { unsafe core.attentionWord.pointee.load(ordering: .sequentiallyConsistent) != 0 }

  /// Whether no interrupt that can be masked wakes it.
  package var isDeaf: Bool { core[.systemFlags] & Flags.interrupts == 0 }

  /// Runs until something must be decided elsewhere.
  ///
  /// - Parameter sleep: called when the core is halted, until somebody has asked for attention; or it says why not to go on.
  package func run(on bus: SystemBus, sleep: () -> Pause?) throws(ProcessorError) -> Pause {
    self.bus = bus
    refreshMap()
    core.raise(.interrupt)
    if isTranslating { prepareThread() }
    do {
      try deliverHeldEvent()
      while true {
        if let time = environment.clock.counted, time.isDue { time.keep() }
        if traps.isStepping, core[.halted] == 0 {
          environment.clock.counted?.pass(1)
          return .trapped(try step())
        }
        if core[.attention] != 0, let pause = try attend(sleep) { return pause }
        if core[.watching] != 0 {
          try core.runSlowly(counting: environment.clock.counted)
        } else if !traps.isStepping {
          try runFast()
          if lockstep?.difference != nil { break }
        }
      }
    } catch { return .shutdown }
    throw ProcessorError(lockstep?.difference ?? "")
  }

  private func runFast() throws(TripleFault) {
    if let time = environment.clock.counted {
      guard core[.attention] == 0 else { return }
      if isTranslating { try core.run(counting: time, with: translator) } else { try core.run(counting: time) }
    } else if !isTranslating {
      try core.run()
    } else if let lockstep {
      try core.run(lockstep, with: translator)
    } else {
      try core.run(with: translator)
    }
  }

  /// Answers all that asked for attention.
  func attend(_ sleep: () -> Pause?) throws(TripleFault) -> Pause? {
    let reasons = unsafe core.attentionWord.pointee.exchange(0, ordering: .sequentiallyConsistent)
    func isAsked(_ reason: Attention) -> Bool { reasons & reason.rawValue != 0 }
    if isAsked(.staleMap) { refreshMap() }
    if isAsked(.staleCode) { translator.forgetStalePages() }
    if isAsked(.overwrittenCode) { finishOverwriting() }
    if isAsked(.staleWrites) { closeWaysToCode() }
    if isAsked(.trap), let trap = takeTrap() { return .trapped(trap) }
    if isAsked(.kick) { return .kicked }
    do throws(Fault) {
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
    let interrupts = environment.interrupts
    while true {
      // One interrupt may follow another without end: who wants attention gets it between two.
      if core[.attention] != 0 { return core.raise(.interrupt) }
      core[.deferred] = 0
      let signals = interrupts.bell.signals
      if signals.isEmpty { return }
      let isOpen = !isDeaf
      // Until the interrupt flag is set again, which looks at `deferred`.
      if signals == .interrupt && !isOpen { return core[.deferred] = 1 }
      // STI and MOV SS hold back what may be taken, for one instruction.
      if core[.shadow] == core[.rip], isOpen && signals.contains(.interrupt) || signals.contains(.nonMaskable) {
        core[.shadow] = .max
        try core.stepExactly()
        continue
      }
      switch interrupts.poll() {
      case .none: return core[.deferred] = interrupts.bell.signals.isEmpty ? 0 : 1
      case .interrupt:
        guard isOpen else { return core[.deferred] = 1 }
        core[.halted] = 0
        try core.interrupt(by: .external(interrupts.acknowledge()))
      case .nonMaskable:
        core[.halted] = 0
        core[.inNonMaskable] = 1
        try core.interrupt(by: .external(2))
      case .initialize: initialize()
      case .startUp(let page): start(atPage: page)
      }
    }
  }

  /// Delivers what had been accepted elsewhere and was not delivered there.
  private func deliverHeldEvent() throws(TripleFault) {
    guard let event = heldEvent else { return }
    heldEvent = nil
    do throws(Fault) { try core.interrupt(by: Interruption(event)) } catch { try core.deliver(error) }
  }
}
