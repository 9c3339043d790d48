internal import Host
internal import Primitives
internal import Synchronization

/// Tells the user what the guest's drivers do wrong, without letting the guest fill a log.
final class Complaints: Sendable {
  private let budget = Mutex(LineBudget())

  func tell(_ complaint: String, of device: String, at now: Instant) {
    for line in budget.withLock({ $0.lines(complaint, of: device, at: now) }) { Program.say(line) }
  }

  /// What was left out is told.
  func close() { for line in budget.withLock({ $0.remainder() }) { Program.say(line) } }
}
