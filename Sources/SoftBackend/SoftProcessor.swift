internal import Host
public import Processor
internal import SoftCPU
internal import Synchronization
public import SystemBus
internal import Time

/// One processor of the software CPU: a core, and the sleep of the thread that runs it.
public final class SoftProcessor: Processor, Sendable {
  let index: Int
  let core: CoreContext
  private let backend: SoftBackend
  /// Changes when somebody asks for attention.
  private let attention = Monitor(())

  init(_ index: Int, _ backend: SoftBackend) throws(ProcessorError) {
    self.index = index
    self.backend = backend
    core = try CoreContext(backend.environment(of: index), backend.translation, counts: backend.countsCode ? BlockCounts() : nil)
  }

  public func run(on bus: SystemBus) throws(ProcessorError) -> Pause { try core.run(on: bus, sleep: sleep) }
  public func kick() { requestAttention(.kick) }

  /// Makes the core look up at the end of its block. From any thread.
  func requestAttention(_ reason: Attention) {
    core.raise(reason)
    attention.update { _ in }
  }

  /// Waits until somebody asks for attention; `.halted` if nobody ever can.
  private func sleep() -> Pause? {
    let isDeaf = core.isDeaf
    if isDeaf {
      backend.stuckProcessors.add(1, ordering: .sequentiallyConsistent)
      if backend.isStuck {
        backend.tellAll(.halt, except: index)
        return .halted
      }
    }
    if let time = backend.clock.counted { skipTime(time) }
    attention.wait { _ in core.isAskedForAttention ? () : nil }
    if isDeaf {
      if backend.isStuck { return .halted }
      backend.stuckProcessors.subtract(1, ordering: .sequentiallyConsistent)
    }
    return nil
  }

  /// Where time is counted, that of sleep passes at once.
  private func skipTime(_ time: InstructionTime) {
    while !core.isAskedForAttention {
      if time.isDue { time.keep() } else if !time.skip() { return }
    }
  }

  // MARK: State

  public func state() throws(ProcessorError) -> ProcessorState { core.state() }
  public func stateInAccess() throws(ProcessorError) -> AccessState { core.stateInAccess() }
  public func setState(_ state: ProcessorState) throws(ProcessorError) { try core.setState(state) }
  public func architecturalState() throws(ProcessorError) -> ArchitecturalState { core.architecturalState() }
  public func setArchitecturalState(_ state: ArchitecturalState) throws(ProcessorError) { try core.setArchitecturalState(state) }
  public func setTraps(_ traps: DebugTraps) throws(ProcessorError) { core.setTraps(traps) }
}
