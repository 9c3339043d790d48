internal import DeviceModel
internal import Devices
internal import Primitives

/// The interrupt chips and the wires between them. A plain value; the fabric locks it.
struct InterruptChips: Sendable {
  var pic = LegacyPIC()
  var ioAPIC = IOAPIC()
  var timer = IntervalTimer()
  var locals: [LocalAPIC]
  /// Levels of ISA lines 0 to 15 and PCI lines 16 to 23, by global interrupt.
  private var lines: UInt32 = 0

  init(processors: Int, tscHertz: UInt64) {
    locals = (0..<processors).map {
      LocalAPIC(id: UInt32(truncatingIfNeeded: $0), isBootstrap: $0 == 0, tscHertz: tscHertz)
    }
  }

  mutating func reset() {
    pic.reset()
    ioAPIC.reset()
    resetTimer()
    driveLegacyLines()
    for index in locals.indices { locals[index].reset() }
  }

  /// The timer's line falls with it.
  mutating func resetTimer() {
    timer.reset()
    lines[bit: 0] = false
    pic.setLine(0, false)
    var cycle = Cycle(at: .start)
    ioAPIC.setLine(2, false, &cycle)
  }

  // MARK: Lines

  mutating func setLine(_ line: Int, _ level: Bool, _ cycle: inout Cycle) {
    // Line 2 is the legacy controllers' cascade: its I/O APIC pin belongs to the timer.
    guard (0..<IOAPIC.pinCount).contains(line), line != 2 else { return }
    lines[bit: line] = level
    ioAPIC.setLine(line == 0 ? 2 : line, level, &cycle)
    driveLegacyLines()
  }

  /// The legacy controller sees ISA lines only; the board drives those that PCI lines are routed to.
  private mutating func driveLegacyLines() {
    for line in 0..<16 { pic.setLine(line, lines[bit: line]) }
  }

  // MARK: Messages

  mutating func send(_ message: InterruptMessage, from sender: UInt32? = nil) {
    let audience = locals.indices.filter { locals[$0].isAddressed(by: message.audience, from: sender) }
    if message.mode == .lowestPriority {
      let ready = audience.filter { locals[$0].isEnabled }
      guard let chosen = ready.min(by: { locals[$0].processorPriority < locals[$1].processorPriority })
      else { return }
      locals[chosen].deliver(message.mode, vector: message.vector, level: message.isLevel)
      return
    }
    for index in audience {
      locals[index].deliver(message.mode, vector: message.vector, level: message.isLevel)
    }
  }

  /// What a local APIC asked for when one of its registers was written.
  mutating func carryOut(_ effect: LocalAPIC.Effect?, of index: Int, _ cycle: inout Cycle) {
    switch effect {
    case .send(let message): send(message, from: locals[index].id)
    case .endOfInterrupt(let vector): ioAPIC.endOfInterrupt(vector, &cycle)
    case nil: break
    }
  }

  /// Brings all wires to rest after something changed.
  mutating func settle(_ cycle: inout Cycle) {
    if let level = cycle.interrupt { setLine(0, level, &cycle) }
    for message in cycle.messages.compactMap(InterruptMessage.init) { send(message) }
    let output = pic.output
    for index in locals.indices { locals[index].setLine0(output) }
  }

  // MARK: Time

  var deadline: Instant? {
    var earliest = timer.deadline
    for local in locals {
      guard let deadline = local.deadline else { continue }
      earliest = earliest.map { min($0, deadline) } ?? deadline
    }
    return earliest
  }

  mutating func advance(_ cycle: inout Cycle) {
    for index in locals.indices { locals[index].advance(to: cycle.now) }
    advanceTimer(&cycle)
  }

  /// A timer that is late drops its line and raises it again; settling between the two makes that an edge.
  mutating func advanceTimer(_ cycle: inout Cycle) {
    for _ in 0..<2 {
      guard let deadline = timer.deadline, deadline <= cycle.now else { return }
      var edge = Cycle(at: cycle.now)
      timer.advance(&edge)
      settle(&edge)
    }
  }

  // MARK: Processors

  func signals(for index: Int) -> ProcessorSignals {
    let local = locals[index]
    var signals: ProcessorSignals = []
    if local.initializePending { signals.insert(.initialize) }
    if local.startUpPending != nil { signals.insert(.startUp) }
    guard !local.awaitsStartUp else { return signals }
    if local.nonMaskablePending { signals.insert(.nonMaskable) }
    if local.pending != nil || isExternalPending(for: index) { signals.insert(.interrupt) }
    return signals
  }

  mutating func takeEvent(for index: Int, nonMaskableBlocked: Bool) -> ProcessorEvent {
    if locals[index].takeInitialize() { return .initialize }
    if let vector = locals[index].takeStartUp() { return .startUp(vector) }
    let signals = signals(for: index)
    if signals.contains(.nonMaskable), !nonMaskableBlocked {
      locals[index].nonMaskablePending = false
      return .nonMaskable
    }
    return signals.contains(.interrupt) ? .interrupt : .none
  }

  mutating func acknowledge(for index: Int) -> UInt8 {
    isExternalPending(for: index) ? pic.acknowledge() : locals[index].acknowledge()
  }

  private func isExternalPending(for index: Int) -> Bool {
    locals[index].acceptsExternalInterrupts && pic.output
  }
}
