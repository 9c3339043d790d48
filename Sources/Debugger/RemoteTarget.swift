public import Processor

/// The guest as a debugger commands it. Processors count from 0; all stand still except after `resume`.
public protocol RemoteTarget: AnyObject {
  var processorCount: Int { get }
  func state(of processor: Int) throws(ProcessorError) -> ProcessorState
  func setState(_ state: ProcessorState, of processor: Int) throws(ProcessorError)
  func memory(seenBy processor: Int) throws(ProcessorError) -> LinearMemory
  /// Where every processor is to stop.
  func setTraps(_ traps: DebugTraps) throws(ProcessorError)
  /// Lets all processors go on, or one of them for one instruction.
  func resume(stepping processor: Int?) throws(ProcessorError)
  /// Stops all processors; `RemoteSession.stopped` follows.
  func interrupt()
  /// Ends the run.
  func kill()
}

/// Why the guest stands still.
public struct Stop: Equatable, Sendable {
  public enum Cause: Equatable, Sendable {
    case trap(DebugTrap)
    case interrupt
    /// A triple fault.
    case shutdown
  }
  public var processor: Int
  public var cause: Cause

  public init(processor: Int, cause: Cause) {
    self.processor = processor
    self.cause = cause
  }
}
