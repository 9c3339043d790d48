internal import Processor

/// Notices a guest that does not go on: a processor spins, or the kernel itself says that one is stuck or a task waits for ever,
/// and meanwhile no program runs and nothing passes between the guest and the host.
///
/// A guest that only waits, as `sleep` does, or whose programs compute without a word, goes on.
struct HangWatch: Sendable {
  /// What a processor is seen at.
  enum Doing: Sendable {
    /// It waits for an interrupt, or was never started.
    case waiting
    case program
    case kernel
    /// Code that no interrupt can reach.
    case deaf
  }

  /// How often each processor is looked at in the time that a hang takes.
  private static let glances: UInt64 = 100

  /// How long, in nanoseconds, until it is one.
  let limit: UInt64
  /// How much has happened, and since when nothing has.
  private var activity = 0
  private var quietSince: UInt64
  /// When each processor was last seen at something else than deaf code.
  private var deafSince: [UInt64]
  /// When a processor was last seen in a program.
  private var lastProgram: UInt64
  private var hasStalled = false
  /// When the processors are to be looked at again.
  private(set) var nextLook: UInt64

  init(limit: UInt64, processors: Int, at now: UInt64) {
    self.limit = max(limit, Self.glances)
    (quietSince, lastProgram, nextLook) = (now, now, now)
    deafSince = [UInt64](repeating: now, count: processors)
    postpone(at: now)
  }

  /// The processors are being looked at.
  mutating func postpone(at now: UInt64) { nextLook = now &+ limit / Self.glances }

  /// - Parameters:
  ///   - activity: a count of all that passes between the guest and the host.
  ///   - hasStalled: the kernel has complained of a stall. What it says after that is no sign of life.
  mutating func sees(_ doing: Doing, of processor: Int, activity: Int, hasStalled: Bool, at now: UInt64) {
    if activity != self.activity { (self.activity, quietSince) = (activity, now) }
    self.hasStalled = hasStalled
    if doing != .deaf, deafSince.indices.contains(processor) { deafSince[processor] = now }
    if doing == .program { lastProgram = now }
  }

  func isHang(at now: UInt64) -> Bool {
    let isLong = { (since: UInt64) in now >= since && now - since >= limit }
    guard isLong(quietSince) else { return false }
    return deafSince.contains(where: isLong) || (hasStalled && isLong(lastProgram))
  }
}

extension HangWatch.Doing {
  /// What a processor does that stands still for a moment.
  init(_ state: ArchitecturalState) {
    let isInterruptible = state.registers.rflags & 0x200 != 0
    let level = state.registers.cs.selector & 3
    switch state.activity {
    case .halted, .waitsForStartUp: self = .waiting
    case .running: self = level == 3 ? .program : isInterruptible ? .kernel : .deaf
    }
  }
}
