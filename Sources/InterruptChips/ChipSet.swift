internal import DeviceModel
internal import Devices
internal import Primitives

/// All interrupt chips, the board's and each processor's. A plain value; the fabric locks it.
struct ChipSet: Sendable {
  var board = BoardChips()
  var locals: [LocalAPIC]

  init(processors: Int, tscHertz: UInt64) {
    locals = (0..<processors).map {
      LocalAPIC(id: UInt32(truncatingIfNeeded: $0), isBootstrap: $0 == 0, tscHertz: tscHertz)
    }
  }

  mutating func reset() {
    board.reset()
    for index in locals.indices { locals[index].reset() }
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
    case .endOfInterrupt(let vector): board.ioAPIC.endOfInterrupt(vector, &cycle)
    case nil: break
    }
  }

  /// Passes changes of one chip's outputs on to the others.
  mutating func updateWires(_ cycle: inout Cycle) {
    board.followTimer(&cycle)
    for message in cycle.messages.compactMap(InterruptMessage.init) { send(message) }
    let output = board.pic.output
    for index in locals.indices { locals[index].setLine0(output) }
  }

  // MARK: Time

  var deadline: Instant? {
    var earliest = board.timer.deadline
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
  private mutating func advanceTimer(_ cycle: inout Cycle) {
    for _ in 0..<2 {
      var edge = Cycle(at: cycle.now)
      guard board.advanceTimer(&edge) else { return }
      updateWires(&edge)
    }
  }

  // MARK: Processors

  func signals(for index: Int) -> ProcessorSignals {
    let local = locals[index]
    var signals: ProcessorSignals = []
    if local.initializePending { signals.insert(.initialize) }
    if local.startUpPending != nil { signals.insert(.startUp) }
    guard !local.awaitsStartUp else { return signals }
    if local.offersNonMaskable { signals.insert(.nonMaskable) }
    if local.pending != nil || isExternalPending(for: index) { signals.insert(.interrupt) }
    return signals
  }

  mutating func takeEvent(for index: Int) -> ProcessorEvent {
    if locals[index].takeInitialize() { return .initialize }
    if let vector = locals[index].takeStartUp() { return .startUp(vector) }
    let signals = signals(for: index)
    if signals.contains(.nonMaskable), locals[index].takeNonMaskable() { return .nonMaskable }
    return signals.contains(.interrupt) ? .interrupt : .none
  }

  mutating func acknowledge(for index: Int) -> UInt8 {
    isExternalPending(for: index) ? board.pic.acknowledge() : locals[index].acknowledge()
  }

  private func isExternalPending(for index: Int) -> Bool {
    locals[index].acceptsExternalInterrupts && board.pic.output
  }
}
