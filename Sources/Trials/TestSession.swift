public import Host

/// Runs trials, several at a time, and tells of each as soon as it is over.
public final class TestSession: Sendable {
  /// How the session stands.
  public struct State: Sendable {
    var waiting: ArraySlice<Trial>
    var running: [Int: TrialRun] = [:]
    /// In the order in which they ended.
    public internal(set) var results: [TrialResult] = []
    var isStopping = false
    /// Nothing is running, and nothing will.
    public internal(set) var isOver = false
    var workers = 0

    /// What was not run.
    public var missing: [Trial] { Array(waiting) }
  }

  private let options: [String]
  private let state: Monitor<State>
  private let whenChanged: @Sendable () -> Void

  /// - Parameter whenChanged: called by any thread when `now` tells something new.
  public init(_ trials: [Trial], options: [String], whenChanged: @escaping @Sendable () -> Void) {
    self.options = options
    self.whenChanged = whenChanged
    state = Monitor(State(waiting: trials[...]))
  }

  public var now: State { state.update { $0 } }

  /// - Parameter jobs: how many run at once.
  public func start(jobs: Int) throws(SystemError) {
    for number in 0..<min(jobs, now.waiting.count) {
      state.update { $0.workers += 1 }
      do throws(SystemError) { _ = try HostThread(name: "job \(number)") { [self] in work(number) } } catch {
        leave()
        // One job does all, if slowly.
        if number == 0 { throw error }
        return
      }
    }
    // There may be nothing to do.
    state.update { $0.isOver = $0.workers == 0 }
  }

  private func leave() {
    state.update { state in
      state.workers -= 1
      state.isOver = state.workers == 0
    }
  }

  /// Nothing more is begun, and what runs is asked to end.
  public func stop() {
    let running = state.update { state in
      state.isStopping = true
      return Array(state.running.values)
    }
    for run in running { run.interrupt() }
  }

  private func work(_ number: Int) {
    while let trial = state.update({ $0.isStopping ? nil : $0.waiting.popFirst() }) {
      let result = perform(trial, number)
      state.update { state in
        state.running[number] = nil
        state.results.append(result)
      }
      whenChanged()
    }
    leave()
    whenChanged()
  }

  private func perform(_ trial: Trial, _ number: Int) -> TrialResult {
    let run: TrialRun
    do throws(SystemError) { run = try TrialRun(trial, options) } catch {
      return TrialResult(trial, .unjudged, "the host cannot start another swboot (\(error))")
    }
    let isStopping = state.update { state in
      state.running[number] = run
      return state.isStopping
    }
    if isStopping { run.interrupt() }
    whenChanged()
    return run.wait()
  }
}
