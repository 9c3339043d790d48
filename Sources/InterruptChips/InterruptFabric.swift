public import DeviceModel
public import Devices
internal import Host
public import Primitives
public import Processor
internal import Synchronization

/// All interrupt chips of the software machine behind one lock: where lines and messages come in, and
/// where processors and the bus reach them.
public final class InterruptFabric: InterruptController, ChipKeeper {
  private let chips: Mutex<ChipSet>
  private let clock: @Sendable () -> Instant
  private let deadline = DeadlineWatch()
  private let deadlineMoved = Callback()
  /// One bell for each processor.
  public let bells: [ProcessorBell]

  /// `clock` says what time it is for the guest: host time, or instructions counted.
  public init(
    processors: Int, tscHertz: UInt64 = 1_000_000_000, clock: @escaping @Sendable () -> Instant
  ) {
    let count = max(processors, 1)
    bells = (0..<count).map { _ in ProcessorBell() }
    chips = Mutex(ChipSet(processors: count, tscHertz: tscHertz))
    self.clock = clock
  }

  /// The machine's reset: every chip as at power-on, and all processors but the first waiting.
  public func reset() { access { chips, _ in chips.reset() } }

  // MARK: Interrupts come in

  public func setLine(_ line: Int, _ level: Bool) {
    access { chips, cycle in chips.board.setLine(line, level, &cycle) }
  }

  public func send(_ message: MSIMessage) {
    access { _, cycle in cycle.effects.append(.message(message)) }
  }

  public func setLevelTriggered(_ lines: UInt16) {
    access { chips, _ in chips.board.setLevelTriggered(lines) }
  }

  // MARK: Processors take them

  /// What the processor must do next. INIT, start-up and non-maskable interrupts count as taken.
  public func poll(_ processor: Int) -> ProcessorEvent {
    accessLocal(processor, else: .none) { chips, _ in chips.takeEvent(for: processor) }
  }

  /// The processor is done with a non-maskable interrupt, and can take the next.
  public func endNonMaskable(_ processor: Int) {
    accessLocal(processor, else: ()) { chips, _ in chips.locals[processor].endNonMaskable() }
  }

  /// The processor takes its interrupt; the vector is a spurious one if it has gone meanwhile.
  public func acknowledge(_ processor: Int) -> UInt8 {
    accessLocal(processor, else: 0xFF) { chips, _ in chips.acknowledge(for: processor) }
  }

  /// Whether the processor does nothing until a start-up message comes.
  public func awaitsStartUp(_ processor: Int) -> Bool {
    accessLocal(processor, else: true) { chips, _ in chips.locals[processor].awaitsStartUp }
  }

  // MARK: Local APIC registers

  /// Where the processor's APIC page is; nil while it has none.
  public func localAPICBase(_ processor: Int) -> GuestAddress? {
    accessLocal(processor, else: nil) { chips, _ in
      chips.locals[processor].memoryBase.map { GuestAddress($0) }
    }
  }

  public func readLocalAPIC(_ processor: Int, _ width: AccessWidth, at offset: Int) -> UInt64 {
    accessLocal(processor, else: width.ones) { chips, cycle in
      chips.locals[processor].read(width, at: offset, now: cycle.now)
    }
  }

  public func writeLocalAPIC(_ processor: Int, _ value: UInt64, _ width: AccessWidth, at offset: Int) {
    accessLocal(processor, else: ()) { chips, cycle in
      let effect = chips.locals[processor].write(value, width, at: offset, now: cycle.now)
      chips.carryOut(effect, of: processor, &cycle)
    }
  }

  /// RDMSR of IA32_APIC_BASE (1B), the x2APIC registers (800 to 83F) and IA32_TSC_DEADLINE (6E0).
  public func readRegister(_ processor: Int, msr: UInt32) throws(GeneralProtection) -> UInt64 {
    try accessLocal(processor, else: .failure(GeneralProtection())) {
      (chips, cycle) -> Result<UInt64, GeneralProtection> in
      do throws(GeneralProtection) {
        return .success(try chips.locals[processor].readRegister(msr: msr, now: cycle.now))
      } catch {
        return .failure(error)
      }
    }.get()
  }

  /// WRMSR of the same.
  public func writeRegister(_ processor: Int, msr: UInt32, _ value: UInt64) throws(GeneralProtection) {
    try accessLocal(processor, else: .failure(GeneralProtection())) {
      (chips, cycle) -> Result<Void, GeneralProtection> in
      do throws(GeneralProtection) {
        let effect = try chips.locals[processor].writeRegister(msr: msr, value, now: cycle.now)
        chips.carryOut(effect, of: processor, &cycle)
        return .success(())
      } catch {
        return .failure(error)
      }
    }.get()
  }

  /// CR8.
  public func taskPriority(_ processor: Int) -> UInt8 {
    accessLocal(processor, else: 0) { chips, _ in chips.locals[processor].cr8 }
  }

  public func setTaskPriority(_ processor: Int, _ value: UInt8) {
    accessLocal(processor, else: ()) { chips, _ in chips.locals[processor].cr8 = value }
  }

  /// The guest moved its time-stamp counter: `offset` is what it shows beyond the ticks since power-on.
  public func setTimeStampOffset(_ processor: Int, _ offset: UInt64) {
    accessLocal(processor, else: ()) { chips, cycle in
      chips.locals[processor].setTimeStampOffset(offset, now: cycle.now)
    }
  }

  // MARK: Moving a processor

  /// What its local APIC is, for a processor whose time-stamp counter shows `timeStamp`; and how many
  /// non-maskable interrupts wait.
  public func localState(_ processor: Int, timeStamp: UInt64) -> (state: LocalAPICState, nonMaskablesPending: UInt8)? {
    accessLocal(processor, else: nil) { chips, cycle in
      let local = chips.locals[processor]
      guard let base = try? chips.locals[processor].readRegister(msr: 0x1B, now: cycle.now),
        let deadline = try? chips.locals[processor].readRegister(msr: 0x6E0, now: cycle.now)
      else { return nil }
      let page = chips.locals[processor].page(now: cycle.now)
      return (LocalAPICState(page: page, base: base, deadline: deadline, timeStamp: timeStamp), local.nonMaskablesPending)
    }
  }

  public func setLocalState(_ processor: Int, _ state: LocalAPICState) {
    accessLocal(processor, else: ()) { chips, cycle in
      chips.locals[processor].restore(page: state.page, base: state.base, deadline: state.deadline, now: cycle.now)
    }
  }

  public func setWaiting(_ processor: Int, forStartUp: Bool, nonMaskablesPending: UInt8, isNonMaskableHandled: Bool) {
    accessLocal(processor, else: ()) { chips, _ in
      chips.locals[processor].restore(
        awaitsStartUp: forStartUp, nonMaskablesPending: nonMaskablesPending, isNonMaskableHandled: isNonMaskableHandled)
    }
  }

  // MARK: Time

  public var nextDeadline: Instant? { deadline.next }

  public func advance() { access { chips, cycle in chips.advance(&cycle) } }

  /// Called without locks, from any thread, when `nextDeadline` became earlier.
  public func whenDeadlineMoves(_ body: (@Sendable () -> Void)?) {
    deadlineMoved.set(body)
  }

  // MARK: The lock

  public func accessBoard<R: Sendable>(_ body: (inout BoardChips, inout Cycle) -> R) -> R {
    access { chips, cycle in body(&chips.board, &cycle) }
  }

  private func accessLocal<R: Sendable>(
    _ processor: Int, else absent: R, _ body: (inout ChipSet, inout Cycle) -> R
  ) -> R {
    bells.indices.contains(processor) ? access(body) : absent
  }

  /// One access under the lock. Whoever must hear of it is told after the lock is free.
  @discardableResult
  private func access<R: Sendable>(_ body: (inout ChipSet, inout Cycle) -> R) -> R {
    var cycle = Cycle(at: clock())
    var rung: [ProcessorBell] = []
    var isEarlier = false
    let result = chips.withLock { chips in
      let result = body(&chips, &cycle)
      chips.updateWires(&cycle)
      for (index, bell) in bells.enumerated() where bell.set(chips.signals(for: index)) {
        rung.append(bell)
      }
      isEarlier = deadline.move(to: chips.deadline)
      return result
    }
    for bell in rung { bell.ring() }
    if isEarlier { deadlineMoved() }
    return result
  }
}
