/// A thread that does one kind of work whenever there is some, until it is stopped.
///
/// The work may wait for the host as long as it likes: whoever waits for the work says how long.
public final class Worker: Sendable {
  private struct State: Sendable {
    var isCalled = false
    var isWorking = false
    var isStopped = false
  }

  private let state = Monitor(State())

  /// - Parameters:
  ///   - name: of the thread, for tools of the host.
  ///   - work: does all there is to do. It returns when there may be more though nobody calls, if that can be.
  public init(name: String, _ work: @escaping @Sendable () -> UInt64?) throws(SystemError) {
    let state = state
    _ = try HostThread(name: name) {
      var again: UInt64?
      while Self.waitForCall(state, until: again) {
        again = work()
        state.update { $0.isWorking = false }
      }
    }
  }

  /// False once the worker is stopped.
  private static func waitForCall(_ state: Monitor<State>, until again: UInt64?) -> Bool {
    let answer = state.wait(until: { _ in again }) { state -> Bool? in
      guard state.isCalled || state.isStopped else { return nil }
      state.isCalled = false
      state.isWorking = !state.isStopped
      return state.isWorking
    }
    if answer == nil { state.update { $0.isWorking = true } }
    return answer ?? true
  }

  /// There is work.
  public func call() { state.update { $0.isCalled = true } }

  /// Waits until nothing is to be done or under way; false if a moment of `HostClock.nanoseconds` came first.
  public func settle(until limit: UInt64? = nil) -> Bool {
    state.wait(until: { _ in limit }) { $0.isCalled || $0.isWorking ? nil : true } ?? false
  }

  /// The thread ends after what it does now.
  public func stop() { state.update { $0.isStopped = true } }

  deinit { stop() }
}
