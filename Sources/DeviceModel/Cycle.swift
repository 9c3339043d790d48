public import Primitives

/// One bus cycle as a device sees it: when it happens, and what the device does in answer.
///
/// A device calls nobody. It records here what should follow, and the machine carries it out after the device's lock is
/// free again.
public struct Cycle: Sendable {
  public let now: Instant
  /// Whoever makes it is no processor: it may wait for the host until what follows is done.
  public var mayWait = false
  /// New level of the device's interrupt line, if it changes.
  public var interrupt: Bool?
  /// What has changed for others, who will look again.
  public var changes: Changes
  /// What else the device does, in order.
  public var effects: Effects

  @inlinable public init(at now: Instant) {
    self.now = now
    interrupt = nil
    changes = []
    effects = Effects()
  }

  /// A cycle that did not know when it happens.
  public init(_ cycle: Cycle, at now: Instant) {
    self.now = now
    (mayWait, interrupt, changes, effects) = (cycle.mayWait, cycle.interrupt, cycle.changes, cycle.effects)
  }

  /// Nothing follows from this cycle, as from most.
  @inlinable public var isQuiet: Bool { interrupt == nil && changes.isEmpty && effects.isEmpty }
}

extension Cycle {
  /// The first thing asked of the machine's power.
  public var power: PowerRequest? {
    for case .power(let request) in effects { return request }
    return nil
  }

  /// The last byte for the host.
  public var byte: UInt8? {
    var last: UInt8?
    for case .byte(let byte) in effects { last = byte }
    return last
  }

  public var complaint: String? {
    for case .complaint(let text) in effects { return text }
    return nil
  }

  public var messages: [MSIMessage] {
    effects.isEmpty ? [] : effects.compactMap { if case .message(let message) = $0 { message } else { nil } }
  }

  /// New levels of other lines than the device's own.
  public var lines: [(line: Int, level: Bool)] {
    effects.compactMap { if case .line(let line, let level) = $0 { (line, level) } else { nil } }
  }

  public var queueActivity: [QueueActivity] {
    effects.compactMap { if case .queue(let activity) = $0 { activity } else { nil } }
  }
}
