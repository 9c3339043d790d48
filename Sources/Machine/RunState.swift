/// How a run stands: what it is asked for, and when it has to be over. Moments are those of the host's clock.
struct RunState: Sendable {
  /// How long an end may take that was wished for from outside: all in order or not, then the run is over.
  static let patience: UInt64 = 600_000_000

  /// When the time of the run is over.
  let limit: UInt64?
  /// How long a guest may take to shut down after it was asked to.
  let grace: UInt64

  private(set) var outcome: Outcome?
  /// How the run ends if it does not end in order.
  private(set) var wish: Outcome?
  private(set) var lastMoment: UInt64?
  /// Whether there is a guest that could hear its power button.
  var isRunning = false
  private var shutdown: (signal: Int32, end: UInt64)?
  private var panicEnd: UInt64?
  private var hangEnd: UInt64?

  private var wantsReset = false
  /// A device's deadline moved.
  var isRescheduled = false
  /// Somebody wants a picture.
  var wantsPicture = false
  private var pressesButton = false

  init(limit: UInt64? = nil, grace: UInt64 = 0) {
    self.limit = limit
    self.grace = grace
  }

  // MARK: From inside

  /// The run is at its end, by the guest's doing or a fault of the host's. The first outcome counts. What a guest does between its
  /// reset and the moment in which its processors stop it would not have done on hardware.
  mutating func end(_ outcome: Outcome) {
    guard self.outcome == nil, !(wantsReset && (outcome.isInOrder || outcome.isStandstill)) else { return }
    // What being roused has led to is not what was wrong.
    self.outcome = hangEnd != nil && outcome.isStandstill ? .hung : outcome
  }

  /// The guest's kernel has panicked on the console; until then it may say more, or reset itself.
  mutating func panicked(until end: UInt64) { panicEnd = panicEnd ?? end }

  /// The guest does not go on; until then it may answer to being roused.
  mutating func hung(until end: UInt64) { hangEnd = hangEnd ?? end }

  /// The guest resets itself. A kernel that panicked and then does so is still a kernel that panicked.
  ///
  /// - Parameter outcome: how that ends the run; nil if the guest begins anew.
  mutating func reset(endingIn outcome: Outcome?) {
    if panicEnd != nil { end(.panicked) } else if let outcome { end(outcome) } else { wantsReset = true }
  }

  /// The guest begins anew; what was asked for from outside still counts.
  mutating func begin() {
    (wantsReset, panicEnd, hangEnd, isRunning) = (false, nil, nil, true)
  }

  // MARK: From outside

  /// Somebody wants the run to end now.
  mutating func end(_ wish: Outcome, at now: UInt64) {
    end(wish)
    self.wish = self.wish ?? wish
    lastMoment = lastMoment ?? now &+ Self.patience
  }

  /// Somebody wants the guest to shut down; who says so twice wants it now.
  mutating func shutDown(signal: Int32, at now: UInt64) {
    guard isRunning, outcome == nil, shutdown == nil, grace > 0 else { return end(.interrupted(signal: signal), at: now) }
    shutdown = (signal, now &+ grace)
    pressesButton = true
  }

  /// The guest does not listen to its power button.
  mutating func cannotShutDown(at now: UInt64) { if let shutdown { end(.interrupted(signal: shutdown.signal), at: now) } }

  // MARK: The machine's thread

  /// What the thread that keeps a machine does next.
  enum Errand: Equatable, Sendable {
    /// The guest does not go on: the run is over, or the guest begins anew.
    case stop
    case pressButton
    case takePicture
    case lookAtDeadlines
  }

  mutating func takeErrand() -> Errand? {
    if outcome != nil || wantsReset { return .stop }
    if Self.lower(&pressesButton) { return .pressButton }
    if Self.lower(&wantsPicture) { return .takePicture }
    return Self.lower(&isRescheduled) ? .lookAtDeadlines : nil
  }

  /// Whether a flag was up.
  private static func lower(_ flag: inout Bool) -> Bool {
    defer { flag = false }
    return flag
  }

  // MARK: Time

  /// What was to happen until now happens.
  mutating func pass(to now: UInt64) {
    if let panicEnd, panicEnd <= now { end(.panicked) }
    if let hangEnd, hangEnd <= now { end(.hung) }
    if let limit, limit <= now { end(.timedOut, at: limit) }
    if let shutdown, shutdown.end <= now { end(.unanswered(signal: shutdown.signal, seconds: grace / 1_000_000_000), at: shutdown.end) }
  }

  /// When `pass` has something to do next.
  var nextMoment: UInt64? { lastMoment == nil ? [panicEnd, hangEnd, limit, shutdown?.end].compactMap(\.self).min() : nil }

  /// Whether the run has to be over.
  func isOverdue(at now: UInt64) -> Bool { lastMoment.map { $0 <= now } ?? false }
}
