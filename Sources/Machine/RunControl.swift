internal import Host

/// What a run is asked for from outside: by any thread, and before there is a machine, too.
public final class RunControl: Sendable {
  let state: Monitor<RunState>
  /// When the run began.
  let start: UInt64
  private let whenAsked: @Sendable () -> Void

  /// - Parameters:
  ///   - start: when the run began, and its time; now if not given.
  ///   - whenAsked: called by any thread when `deadline` may have changed.
  public init(
    _ configuration: Configuration, startedAt start: UInt64? = nil, whenAsked: @escaping @Sendable () -> Void = {}
  ) {
    let start = start ?? HostClock.nanoseconds()
    self.start = start
    state = Monitor(
      RunState(
        limit: configuration.timeout.map { start &+ HostClock.nanoseconds(seconds: $0) },
        grace: HostClock.nanoseconds(seconds: configuration.shutdownGrace)))
    self.whenAsked = whenAsked
  }

  /// Ends the run. Unless the guest has ended by itself, it was for this reason.
  public func end(_ outcome: Outcome) {
    state.update { $0.end(outcome, at: HostClock.nanoseconds()) }
    whenAsked()
  }

  /// Presses the guest's power button: what it does then is its own decision until its grace is over. If there is no guest
  /// yet, if it does not listen, or if it was asked before, the run ends.
  public func shutDown(signal: Int32) {
    state.update { $0.shutDown(signal: signal, at: HostClock.nanoseconds()) }
    whenAsked()
  }

  /// The guest does not listen to its power button.
  func cannotShutDown() {
    state.update { $0.cannotShutDown(at: HostClock.nanoseconds()) }
    whenAsked()
  }

  /// Writes the picture on the screen to the file that the user wished for.
  public func takePicture() { state.update { $0.wantsPicture = true } }

  // MARK: For whoever cannot wait for ever

  /// When to look at `overdueOutcome` next.
  public var deadline: UInt64? { state.update { $0.lastMoment ?? $0.nextMoment } }

  /// How the run ends that should have ended in order by now; nil while it may still do so.
  public var overdueOutcome: Outcome? {
    let now = HostClock.nanoseconds()
    return state.update { state in
      state.pass(to: now)
      return state.isOverdue(at: now) ? state.wish : nil
    }
  }
}
