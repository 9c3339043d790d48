public import DeviceModel
public import SystemBus

/// Why a processor stopped running.
public enum Pause: Equatable, Sendable {
  /// Somebody called `kick`.
  case kicked
  /// Halted with nothing that could ever wake it.
  case halted
  /// A triple fault.
  case shutdown
  /// The accelerator itself was asked to change the power state.
  case power(PowerRequest)
  /// At something that `setTraps` asked for.
  case trapped(DebugTrap)
}

/// The host could not go on executing this guest.
public struct ProcessorError: Error, Equatable, Sendable {
  /// One sentence for the user: what failed, and where the guest was.
  public let message: String
  public init(_ message: String) { self.message = message }
}

/// One virtual CPU, whoever executes its instructions. Used by one thread, except for `kick`.
public protocol Processor: AnyObject, Sendable {
  /// Runs until something must be decided by the machine. I/O is done on the bus from inside.
  func run(on bus: SystemBus) throws(ProcessorError) -> Pause
  func state() throws(ProcessorError) -> ProcessorState
  /// Where it is in the middle of an access to the bus, by its own thread.
  func stateInAccess() throws(ProcessorError) -> AccessState
  func setState(_ state: ProcessorState) throws(ProcessorError)
  /// Everything that it is, while it does not run.
  func architecturalState() throws(ProcessorError) -> ArchitecturalState
  /// Makes it what another one was. Throws if that had what this one does not have.
  func setArchitecturalState(_ state: ArchitecturalState) throws(ProcessorError)
  /// Where to stop for a debugger, from the next `run` on. Throws what the accelerator cannot do.
  func setTraps(_ traps: DebugTraps) throws(ProcessorError)
  /// Makes `run` return `.kicked` soon. May be called from any thread.
  func kick()
}

extension Processor {
  public func stateInAccess() throws(ProcessorError) -> AccessState { AccessState(try state(), isExact: true) }
}

/// What a processor is while it accesses something.
public struct AccessState: Sendable {
  public let state: ProcessorState
  /// Whether RIP is that of the instruction, and not of one that led there.
  public let isExact: Bool

  public init(_ state: ProcessorState, isExact: Bool) { (self.state, self.isExact) = (state, isExact) }
}

/// Where interrupts enter: KVM's chips, or ours.
public protocol InterruptController: AnyObject, Sendable {
  /// Drives global interrupt `line` (0 to 23: ISA lines below 16, PCI above).
  func setLine(_ line: Int, _ level: Bool)
  func send(_ message: MSIMessage)
  /// Makes these lines of the PIC level-triggered, bit by bit, and the others edge-triggered, as firmware does.
  func setLevelTriggered(_ lines: UInt16)
}

/// A way to execute guests: makes processors and takes their interrupts.
///
/// Made anew for each power-on, so that nothing of a reset machine lives on but its RAM.
public protocol Backend: AnyObject, Sendable {
  var interrupts: any InterruptController { get }
  /// Devices that this backend needs on the bus because it has no chips of its own for them.
  var chips: [any BusTarget] { get }
  /// What of it is no device, but must be told the time.
  var watches: [any BusTarget] { get }
  /// The processor with this index in its reset state: the first at the reset vector, others waiting to be started.
  func makeProcessor(_ index: Int) throws(ProcessorError) -> any Processor
  /// The guest's memory layout changed (shadow RAM, flash mode): look at `GuestMemory.windows` again.
  func memoryMapChanged() throws(ProcessorError)
  /// Where the guest's doorbells are now. The backend may ring them itself, from a thread of its own; once this
  /// returns, it rings none that is not in the list.
  func setDoorbells(_ bells: [Doorbell])
  /// What is written to these registers, and no others, may come to the bus as late as the next access of any processor.
  func mayGather(writesTo registers: [SelectRegister])
  /// How often the accelerator has left the guest, by why.
  var exits: [(name: String, count: Int)] { get }
  /// Instructions that the accelerator failed and the software processor executed, the most frequent first.
  var handedOver: [(name: String, count: Int)] { get }
  /// What guests wanted executed that these processors do not have, the most frequent first.
  var undefinedInstructions: [(name: String, count: Int)] { get }
  /// What was done to execute the guest's code, in numbers.
  var translationReport: [(name: String, count: Int)] { get }
  /// How often the instruction at each address of the guest's kernel was executed, where that is counted. The processors must
  /// stand still.
  var executedCode: [UInt64: UInt64] { get }
  /// The code of the host that there is now for the guest's. The processors must stand still.
  var translatedCode: [CodePlace] { get }
}

extension Backend {
  public var watches: [any BusTarget] { [] }
  /// Writes to doorbells reach the bus like any other.
  public func setDoorbells(_ bells: [Doorbell]) {}
  public func mayGather(writesTo registers: [SelectRegister]) {}
  /// It never leaves the guest.
  public var exits: [(name: String, count: Int)] { [] }
  /// Executes all itself.
  public var handedOver: [(name: String, count: Int)] { [] }
  /// The hardware does not tell.
  public var undefinedInstructions: [(name: String, count: Int)] { [] }
  public var translationReport: [(name: String, count: Int)] { [] }
  public var executedCode: [UInt64: UInt64] { [:] }
  public var translatedCode: [CodePlace] { [] }
}
