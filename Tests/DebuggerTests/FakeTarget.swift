import Debugger
import GuestRAM
import Processor

/// A guest of two processors that only remembers what was asked of it.
final class FakeTarget: RemoteTarget {
  let memory: GuestMemory
  var states = [ProcessorState.reset, ProcessorState.reset]
  var traps = DebugTraps()
  var calls: [String] = []

  init() throws { memory = try GuestMemory(size: 1 << 20) }

  var processorCount: Int { states.count }

  func state(of processor: Int) throws(ProcessorError) -> ProcessorState {
    guard states.indices.contains(processor) else { throw ProcessorError("none") }
    return states[processor]
  }
  func setState(_ state: ProcessorState, of processor: Int) throws(ProcessorError) { states[processor] = state }
  func memory(seenBy processor: Int) throws(ProcessorError) -> LinearMemory { LinearMemory(try state(of: processor), memory) }
  func setTraps(_ traps: DebugTraps) throws(ProcessorError) {
    guard traps.breakpoints.count < 5 else { throw ProcessorError("too many") }
    self.traps = traps
  }
  func resume(stepping processor: Int?) throws(ProcessorError) { calls.append(processor.map { "step \($0)" } ?? "run") }
  func interrupt() { calls.append("interrupt") }
  func kill() { calls.append("kill") }
}
