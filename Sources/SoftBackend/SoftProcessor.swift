internal import Glibc
public import Processor
internal import SoftCPU
internal import Synchronization
public import SystemBus
internal import Time

/// One processor of the software CPU: a core, and the sleep of the thread that runs it.
@safe public final class SoftProcessor: Processor, @unchecked Sendable {
  let index: Int
  let core: CoreContext
  private let backend: SoftBackend
  private let wakeUp: UnsafeMutablePointer<pthread_cond_t>
  private let wakeLock: UnsafeMutablePointer<pthread_mutex_t>

  init(_ index: Int, _ backend: SoftBackend) throws(ProcessorError) {
    self.index = index
    self.backend = backend
    core = try CoreContext(backend.environment(of: index), backend.translation)
    unsafe wakeUp = .allocate(capacity: 1)
    unsafe wakeLock = .allocate(capacity: 1)
    unsafe pthread_cond_init(wakeUp, nil)
    unsafe pthread_mutex_init(wakeLock, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(wakeUp)
    unsafe pthread_mutex_destroy(wakeLock)
    unsafe wakeUp.deallocate()
    unsafe wakeLock.deallocate()
  }

  public func run(on bus: SystemBus) throws(ProcessorError) -> Pause { try core.run(on: bus, sleep: sleep) }
  public func kick() { requestAttention(.kick) }

  /// Makes the core look up at the end of its block. From any thread.
  func requestAttention(_ reason: Attention) {
    core.raise(reason)
    unsafe pthread_mutex_lock(wakeLock)
    unsafe pthread_cond_signal(wakeUp)
    unsafe pthread_mutex_unlock(wakeLock)
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
    unsafe pthread_mutex_lock(wakeLock)
    while !core.isAskedForAttention { unsafe pthread_cond_wait(wakeUp, wakeLock) }
    unsafe pthread_mutex_unlock(wakeLock)
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
  public func setState(_ state: ProcessorState) throws(ProcessorError) { try core.setState(state) }
  public func architecturalState() throws(ProcessorError) -> ArchitecturalState { core.architecturalState() }
  public func setArchitecturalState(_ state: ArchitecturalState) throws(ProcessorError) { try core.setArchitecturalState(state) }
  public func setTraps(_ traps: DebugTraps) throws(ProcessorError) { core.setTraps(traps) }
}
