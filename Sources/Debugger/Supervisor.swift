public import GuestRAM
import Host
public import Processor

/// Holds the processors still while a debugger looks at them.
///
/// Their threads ask for admission before each run; whoever is not inside may be looked at by the debugger.
public final class Supervisor: RemoteTarget, Sendable {
  private enum Mode: Equatable {
    case running
    case stepping(Int)
    case stopped
  }

  private struct State: Sendable {
    var mode: Mode
    var processors: [any Processor] = []
    var inside: Set<Int> = []
    var traps = DebugTraps()
    /// Why the guest stopped, until the debugger was told.
    var stop: Stop?
    /// The power goes off: nobody waits any more.
    var isReleased = false
    var isWatched = false
    /// The run is over, with this exit status.
    var end: UInt8?
  }

  private let memory: GuestMemory
  private let whenStopped: @Sendable () -> Void
  private let whenKilled: @Sendable () -> Void
  private let state = Monitor(State(mode: .stopped))

  /// - Parameter whenStopped: called from any thread when `takeStop` has something.
  public init(memory: GuestMemory, whenStopped: @escaping @Sendable () -> Void, whenKilled: @escaping @Sendable () -> Void) {
    self.memory = memory
    self.whenStopped = whenStopped
    self.whenKilled = whenKilled
  }

  // MARK: The machine's side

  /// The power is on.
  public func attach(_ processors: [any Processor]) throws(ProcessorError) {
    let traps = state.update { state in
      state.processors = processors
      state.inside = []
      state.isReleased = false
      return state.traps
    }
    for processor in processors { try processor.setTraps(traps) }
  }

  /// The power goes off: lets every thread go.
  public func detach() { state.update { $0.isReleased = true } }

  /// The run is over; waits a moment until the debugger knows.
  public func finish(status: Int32) {
    state.update { $0.end = UInt8(truncatingIfNeeded: status) }
    whenStopped()
    let limit = HostClock.nanoseconds() + 1_000_000_000
    _ = state.wait(until: { _ in limit }) { $0.isWatched ? nil : true }
  }

  /// Called by a processor's thread before it runs; waits while it must not.
  public func enter(_ index: Int) {
    _ = state.wait { state -> Bool? in
      guard state.mode == .running || state.mode == .stepping(index) || state.isReleased else { return nil }
      state.inside.insert(index)
      return true
    }
  }

  public func leave(_ index: Int) { state.update { _ = $0.inside.remove(index) } }

  /// A processor, inside, stopped at a trap: now all do.
  public func trapped(_ index: Int, at trap: DebugTrap) { stop(Stop(processor: index, cause: .trap(trap))) }

  /// A processor, inside, cannot go on. True if a debugger is there to look at it: then all stop.
  public func shutDown(_ index: Int) -> Bool {
    guard state.update({ $0.isWatched }) else { return false }
    stop(Stop(processor: index, cause: .shutdown))
    return true
  }

  // MARK: The debugger's side

  private func stop(_ stop: Stop) {
    let processors = state.update { state in
      state.mode = .stopped
      if state.stop == nil { state.stop = stop }
      return state.processors
    }
    for processor in processors { processor.kick() }
    whenStopped()
  }

  private func waitUntilStill() { _ = state.wait { $0.inside.isEmpty ? true : nil } }

  /// Why the guest stands still, once after each time that it began to.
  public func takeStop() -> Stop? {
    guard state.update({ $0.stop != nil }) else { return nil }
    waitUntilStill()
    return state.update { state in
      defer { state.stop = nil }
      return state.stop
    }
  }

  /// A debugger came: everything stands still.
  public func begin() {
    state.update { $0.isWatched = true }
    stop(Stop(processor: 0, cause: .interrupt))
    _ = takeStop()
  }

  /// The debugger left: everything goes on as if it had never been there.
  public func letGo() {
    try? setTraps(DebugTraps())
    state.update { state in
      state.mode = .running
      state.isWatched = false
    }
  }

  /// The exit status, once the run is over.
  public var exitStatus: UInt8? { state.update { $0.end } }

  public var processorCount: Int { state.update { $0.processors.count } }

  private func processor(_ index: Int) throws(ProcessorError) -> any Processor {
    let processor = state.update { $0.mode == .stopped && $0.processors.indices.contains(index) ? $0.processors[index] : nil }
    guard let processor else { throw ProcessorError("processor \(index) does not stand still") }
    waitUntilStill()
    return processor
  }

  public func state(of processor: Int) throws(ProcessorError) -> ProcessorState { try self.processor(processor).state() }

  public func setState(_ state: ProcessorState, of processor: Int) throws(ProcessorError) {
    try self.processor(processor).setState(state)
  }

  public func memory(seenBy processor: Int) throws(ProcessorError) -> LinearMemory {
    LinearMemory(try state(of: processor), memory)
  }

  public func setTraps(_ traps: DebugTraps) throws(ProcessorError) {
    for index in 0..<processorCount { try processor(index).setTraps(traps) }
    state.update { $0.traps = traps }
  }

  public func resume(stepping index: Int?) throws(ProcessorError) {
    let traps = state.update { $0.traps }
    for other in 0..<processorCount {
      var wanted = traps
      wanted.isStepping = other == index
      try processor(other).setTraps(wanted)
    }
    state.update { $0.mode = index.map(Mode.stepping) ?? .running }
  }

  public func interrupt() { stop(Stop(processor: 0, cause: .interrupt)) }
  public func kill() { whenKilled() }
}
