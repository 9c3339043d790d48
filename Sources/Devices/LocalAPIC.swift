internal import Primitives

/// One processor's local APIC: takes interrupts by priority, sends them to others, and has a timer.
///
/// It knows only itself. What concerns others comes back from a write as an `Effect`.
public struct LocalAPIC: Sendable {
  /// What the rest of the machine must do after a register was written.
  public enum Effect: Equatable, Sendable {
    case send(InterruptMessage)
    /// A level interrupt ended: tell the I/O APIC.
    case endOfInterrupt(UInt8)
  }

  /// How software reaches the registers, from IA32_APIC_BASE.
  public enum Access: Equatable, Sendable { case disabled, memory, registers }

  /// Error bits (ESR).
  enum Failure: Int { case illegalVectorSent = 5, illegalVectorReceived = 6, illegalRegister = 7 }

  public let id: UInt32
  public let isBootstrap: Bool
  public internal(set) var access = Access.memory
  var baseAddress = Platform.localAPIC.first.value

  var taskPriority: UInt8 = 0
  var logicalID: UInt8 = 0
  /// DFR, of which only the model in the top four bits varies.
  var destinationFormat: UInt32 = .max
  /// SVR.
  var spurious: UInt32 = 0xFF
  var requested = VectorSet()
  var inService = VectorSet()
  var levels = VectorSet()
  var errors: UInt32 = 0
  var visibleErrors: UInt32 = 0
  /// ICR.
  var command: UInt64 = 0
  var local = LocalVectors()
  var timer: LocalTimer
  private var line0 = false

  /// Non-maskable interrupts that wait for the processor.
  public internal(set) var nonMaskablesPending: UInt8 = 0
  /// The processor handles a non-maskable interrupt, and takes no other.
  public internal(set) var isNonMaskableHandled = false
  /// An INIT waits for the processor.
  public internal(set) var initializePending = false
  /// A start-up message waits for the processor, with this vector.
  public internal(set) var startUpPending: UInt8?
  /// The processor does nothing until a start-up message comes.
  public internal(set) var awaitsStartUp: Bool

  /// `tscHertz` is the rate of the time-stamp counter that TSC deadlines are in.
  public init(id: UInt32, isBootstrap: Bool, tscHertz: UInt64) {
    self.id = id
    self.isBootstrap = isBootstrap
    awaitsStartUp = !isBootstrap
    timer = LocalTimer(tscHertz: tscHertz)
    // As firmware finds it on a PC: the legacy controller reaches the first processor.
    if isBootstrap { local.line0 = 0x700 }
  }

  /// The machine's reset, after which others than the first processor wait for a start-up message.
  public mutating func reset() {
    self = LocalAPIC(id: id, isBootstrap: isBootstrap, tscHertz: timer.tscHertz)
  }

  // MARK: Taking interrupts

  /// Whether software switched it on (SVR bit 8).
  public var isEnabled: Bool { access != .disabled && spurious[bit: 8] }

  /// A fixed interrupt arrives.
  public mutating func accept(_ vector: UInt8, level: Bool = false) {
    guard isEnabled else { return }
    guard vector >= 16 else { return fail(.illegalVectorReceived) }
    requested[vector] = true
    levels[vector] = level
  }

  /// A message arrives whose audience includes this processor.
  public mutating func deliver(_ mode: DeliveryMode, vector: UInt8, level: Bool = false) {
    switch mode {
    case .fixed, .lowestPriority: accept(vector, level: level)
    case .nonMaskable:
      // Two that come together are both taken; behind one that is handled, only one waits.
      nonMaskablesPending = isNonMaskableHandled ? 1 : min(nonMaskablesPending + 1, 2)
    case .initialize:
      initializePending = true
      startUpPending = nil
      awaitsStartUp = !isBootstrap
    case .startUp:
      guard awaitsStartUp else { return }
      awaitsStartUp = false
      startUpPending = vector
    // There is no system management mode, and the legacy controller comes by wire.
    case .systemManagement, .external: return
    }
  }

  /// The processor carries out INIT.
  public mutating func takeInitialize() -> Bool {
    guard initializePending else { return false }
    initializePending = false
    (nonMaskablesPending, isNonMaskableHandled) = (0, false)
    resetRegisters()
    return true
  }

  /// The registers as at power-on; the wires, the base register and the start-up state stay.
  mutating func resetRegisters() {
    let old = self
    reset()
    access = old.access
    baseAddress = old.baseAddress
    timer.tscOffset = old.timer.tscOffset
    line0 = old.line0
    (nonMaskablesPending, isNonMaskableHandled) = (old.nonMaskablesPending, old.isNonMaskableHandled)
    initializePending = old.initializePending
    startUpPending = old.startUpPending
    awaitsStartUp = old.awaitsStartUp
  }

  public mutating func takeStartUp() -> UInt8? {
    defer { startUpPending = nil }
    return startUpPending
  }

  /// Whether the processor can take a non-maskable interrupt now.
  public var offersNonMaskable: Bool { nonMaskablesPending > 0 && !isNonMaskableHandled }

  /// The processor takes a non-maskable interrupt, and handles it until `endNonMaskable`.
  public mutating func takeNonMaskable() -> Bool {
    guard offersNonMaskable else { return false }
    nonMaskablesPending -= 1
    isNonMaskableHandled = true
    return true
  }

  /// The processor is done with one: IRET.
  public mutating func endNonMaskable() { isNonMaskableHandled = false }

  /// The legacy controller's output, wired to LINT0.
  public mutating func setLine0(_ level: Bool) {
    let rises = level && !line0
    line0 = level
    guard rises, !local.line0[bit: 16], access != .disabled else { return }
    deliver(
      DeliveryMode(rawValue: UInt8(truncatingIfNeeded: local.line0[bits: 8...10])) ?? .external,
      vector: UInt8(truncatingIfNeeded: local.line0))
  }

  /// Whether the legacy controller's interrupts reach this processor.
  public var acceptsExternalInterrupts: Bool {
    guard access != .disabled else { return isBootstrap }
    return !local.line0[bit: 16] && local.line0[bits: 8...10] == UInt32(DeliveryMode.external.rawValue)
  }

  // MARK: Priority

  /// PPR: how urgent an interrupt must be to get through, in its upper four bits.
  public var processorPriority: UInt8 {
    let served = inService.highest ?? 0
    return taskPriority >> 4 >= served >> 4 ? taskPriority : served & 0xF0
  }

  /// The vector the processor should take next, if any.
  public var pending: UInt8? {
    guard isEnabled, let vector = requested.highest, vector >> 4 > processorPriority >> 4 else { return nil }
    return vector
  }

  /// The processor takes the pending interrupt; with none left, the spurious vector.
  public mutating func acknowledge() -> UInt8 {
    guard let vector = pending else { return UInt8(truncatingIfNeeded: spurious) }
    requested[vector] = false
    inService[vector] = true
    return vector
  }

  /// CR8: the upper half of the task priority.
  public var cr8: UInt8 {
    get { taskPriority >> 4 }
    set { taskPriority = newValue << 4 }
  }

  mutating func endOfInterrupt() -> Effect? {
    guard let vector = inService.highest else { return nil }
    inService[vector] = false
    guard levels[vector] else { return nil }
    return .endOfInterrupt(vector)
  }

  // MARK: Addressing

  /// Whether a message to `audience`, sent by the processor with id `sender`, is for this one.
  public func isAddressed(by audience: InterruptMessage.Audience, from sender: UInt32? = nil) -> Bool {
    switch audience {
    case .physical(let id): id == .max || id == self.id
    case .logical(let set): isInLogical(set)
    case .sender: sender == id
    case .everyone: true
    case .everyoneElse: sender != id
    }
  }

  /// LDR in the x2APIC form: a cluster of sixteen, and one bit in it.
  var extendedLogicalID: UInt32 { (id >> 4) << 16 | 1 << (id & 15) }

  private func isInLogical(_ set: UInt32) -> Bool {
    if set == .max { return true }
    if access == .registers {
      return set >> 16 == extendedLogicalID >> 16 && set & extendedLogicalID & 0xFFFF != 0
    }
    guard let members = UInt8(exactly: set) else { return false }
    if members == 0xFF { return true }
    if destinationFormat >> 28 == 0xF { return members & logicalID != 0 }
    return members >> 4 == logicalID >> 4 && members & logicalID & 0xF != 0
  }

  // MARK: Errors

  /// Notes an error, and interrupts if the error vector is open.
  mutating func fail(_ failure: Failure) {
    errors[bit: failure.rawValue] = true
    let entry = local.error
    guard !entry[bit: 16], entry & 0xFF >= 16 else { return }
    accept(UInt8(truncatingIfNeeded: entry))
  }
}
