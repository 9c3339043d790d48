internal import Glibc
internal import Synchronization

/// Does one kind of work whenever it is called, until it is stopped.
///
/// It can be called before it is started. Its work may wait for the host as long as it likes: whoever waits for the work
/// says how long.
public final class Worker: Sendable {
  /// Does all there is to do. It returns the moment of `HostClock.nanoseconds` from which there may be more though nobody
  /// calls; nil if only calls bring work.
  public typealias Work = @Sendable () -> UInt64?

  /// A struct around the function: stored by itself in a generic type, Swift would wrap it anew at each access.
  private struct Task: Sendable { let perform: Work }
  private struct Attempt: Sendable { let perform: @Sendable () -> Bool }

  /// Who does the work.
  public enum Doer: Sendable {
    /// A thread that there is from now on.
    case thread
    /// A thread that there is from the first call on. If the host cannot make it then, it is the callers.
    case threadWhenCalled
    /// No thread, but whoever calls the worker, before the call returns, so that everything has its order. Of several callers
    /// at once each waits until nothing is left to do.
    case callers
  }

  private struct State: Sendable {
    /// What whoever calls does itself; nil where a thread does it.
    var ownTask: Task?
    /// What a thread will do that is made at the next call.
    var laterTask: Task?
    /// Which caller works at the moment, if one does.
    var caller: pthread_t?
    /// What whoever calls may try before the thread is woken, and what if it may wait for the host.
    var attempt: Attempt?
    var patientAttempt: Attempt?
    var hasThread = false
    var isCalled = false
    var isWorking = false
    var isStopped = false
    /// Somebody waits for the end of an attempt.
    var isAwaited = false
  }

  typealias ThreadMaker = @Sendable (_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> HostThread

  private let name: String
  private let newThread: ThreadMaker
  private let state = Monitor(State())
  private let thread = Mutex<HostThread?>(nil)

  /// - Parameter name: of the thread, for tools of the host.
  public convenience init(name: String) {
    self.init(name: name) { (name, body) throws(SystemError) in try HostThread(name: name, body) }
  }

  init(name: String, newThread: @escaping ThreadMaker) { (self.name, self.newThread) = (name, newThread) }

  /// From now on the work is done that the worker is called for. To be called once.
  ///
  /// - Parameter attempt: what a caller does while nobody works, so that the work of a moment does not change hands: all that
  ///   needs no waiting for the host. False if something is left for the thread.
  public func start(by doer: Doer = .thread, attempt: (@Sendable () -> Bool)? = nil, _ work: @escaping Work) throws(SystemError) {
    let task = Task(perform: work)
    let isDueNow = state.update { state in
      state.attempt = attempt.map { Attempt(perform: $0) }
      switch doer {
      case .thread: state.hasThread = true
      case .threadWhenCalled:
        state.laterTask = task
        state.patientAttempt = Attempt { work() == nil }
      case .callers: state.ownTask = task
      }
      return state.isCalled
    }
    switch doer {
    case .thread: try makeThread(task)
    case .threadWhenCalled, .callers: if isDueNow { call() }
    }
  }

  private func makeThread(_ task: Task) throws(SystemError) {
    let state = state
    do throws(SystemError) {
      // Whoever waits for the thread's end finds it.
      try thread.withLock { thread throws(SystemError) in
        thread = try newThread(name) {
          var again: UInt64?
          while Self.waitForCall(state, until: again) {
            again = task.perform()
            state.update { $0.isWorking = false }
          }
          state.update { $0.hasThread = false }
        }
      }
    } catch {
      state.update { $0.hasThread = false }
      throw error
    }
  }

  /// False once the worker is stopped.
  private static func waitForCall(_ state: Monitor<State>, until again: UInt64?) -> Bool {
    func begin(_ state: inout State, isTime: Bool) -> Bool? {
      guard state.isCalled || state.isStopped || isTime else { return nil }
      // A caller attempts to work.
      guard !state.isWorking else {
        state.isAwaited = true
        return nil
      }
      state.isCalled = false
      state.isWorking = !state.isStopped
      return state.isWorking
    }
    let answer = state.wait(until: { _ in again }) { begin(&$0, isTime: false) }
    return answer ?? state.wait { begin(&$0, isTime: true) } ?? false
  }

  /// There is work.
  ///
  /// - Parameter mayWait: whoever calls may wait for the host as the thread would: then it does all there is to do, unless
  ///   somebody works already, or it was decided at the start whose thread works.
  public func call(mayWait: Bool = false) {
    if makeAttempt(mayWait: mayWait) { return }
    let task = state.update { state -> Task? in
      (state.isCalled, state.isAwaited) = (true, false)
      if state.laterTask != nil { state.hasThread = true }
      return state.laterTask.take()
    }
    if let task { makeThreadOrCallers(task) }
    while let task = takeOwnTask() {
      _ = task.perform()
      state.update { ($0.isWorking, $0.caller) = (false, nil) }
    }
  }

  private func makeThreadOrCallers(_ task: Task) {
    do throws(SystemError) { try makeThread(task) } catch {
      state.update { if !$0.isStopped { $0.ownTask = task } }
    }
  }

  /// False if something is left for another thread, or if somebody works already. Nobody is woken who need not be.
  private func makeAttempt(mayWait: Bool) -> Bool {
    let caller = pthread_self()
    let attempt = state.adjust { state -> Attempt? in
      guard let attempt = (mayWait ? state.patientAttempt : nil) ?? state.attempt, !state.isWorking, !state.isCalled else { return nil }
      (state.isWorking, state.caller) = (true, caller)
      return attempt
    }
    guard let attempt else { return false }
    let isAll = attempt.perform()
    let (isDone, mustWake) = state.adjust { state in
      state.isWorking = false
      if !isAll { state.isCalled = true }
      return (!state.isCalled, state.isAwaited)
    }
    if isDone, mustWake { state.update { $0.isAwaited = false } }
    return isDone
  }

  /// Nil if nothing is left to do, or if a thread does it.
  private func takeOwnTask() -> Task? {
    let caller = pthread_self()
    return state.wait { state -> Task?? in
      guard let task = state.ownTask else { return .some(nil) }
      // A call that its own work makes is heard by the loop that does it. Another caller's work may be this one's.
      if state.isWorking { return state.caller == caller ? .some(nil) : nil }
      guard state.isCalled else { return .some(nil) }
      (state.isCalled, state.isWorking, state.caller) = (false, true, caller)
      return task
    } ?? nil
  }

  /// Waits until nothing is to be done or under way; false if a moment of `HostClock.nanoseconds` came first.
  public func settle(until limit: UInt64? = nil) -> Bool {
    let answer = state.wait(until: { _ in limit }) { state -> Bool? in
      guard state.isWorking || (state.isCalled && !state.isStopped) else { return true }
      state.isAwaited = state.isWorking
      return nil
    }
    return answer ?? false
  }

  /// It does no more than what it does now, and lets go of its work then.
  public func stop() {
    state.update { state in
      state.isStopped = true
      (state.ownTask, state.laterTask) = (nil, nil)
      (state.attempt, state.patientAttempt) = (nil, nil)
    }
  }

  /// Waits, once it is stopped, until its thread is gone; false if a moment of `HostClock.nanoseconds` came first. What
  /// the host does not let go until then ends later, by itself.
  @discardableResult
  public func join(until limit: UInt64? = nil) -> Bool {
    guard state.wait(until: { _ in limit }, for: { $0.hasThread ? nil : true }) != nil else { return false }
    thread.withLock { $0 }?.join()
    return true
  }

  /// Stops it, and waits a moment for what it does now, which the host may keep for longer.
  public func end(within patience: UInt64 = 1_000_000_000) {
    stop()
    join(until: HostClock.nanoseconds() + patience)
  }

  deinit { stop() }
}
