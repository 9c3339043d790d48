public import Primitives

/// What a device asks of the machine's power.
public enum PowerRequest: Equatable, Sendable {
  /// Soft off by ACPI.
  case off
  case reset
  /// The guest chose the exit code of the whole run through the debug-exit device.
  case exit(code: UInt8)
  /// The guest reported a panic.
  case panicked
  /// Nobody in the guest has quieted its watchdog in time, twice in a row.
  case watchdog
  /// The guest relies on something that is not here: one sentence that says what to do instead.
  case refused(String)
}

/// One bus cycle as a device sees it: when it happens, and what the device does in answer.
///
/// A device calls nobody. It records here what should follow, and the machine carries it out
/// after the device's lock is free again.
public struct Cycle: Sendable {
  public let now: Instant
  /// New level of the device's interrupt line, if it changes.
  public var interrupt: Bool?
  /// New levels of other interrupt lines, for a device that has more than one.
  public var otherLines: [(line: Int, level: Bool)] = []
  public var power: PowerRequest?
  /// A byte for the device's host stream; an access emits at most one.
  public var consoleByte: UInt8?
  /// Message-signalled interrupts, in order.
  public var messages: [MSIMessage] = []
  /// What went on in its queues, in order, where somebody watches them.
  public var queueActivity: [QueueActivity] = []
  /// What the guest's driver did wrong, so that the device stopped: one sentence for the user.
  public var complaint: String?
  /// The device has work that may take long: its worker should look at it.
  public var wake = false
  /// What the guest sees as RAM or ROM has changed (shadow RAM, ECAM base).
  public var memoryMapChanged = false
  /// Windows of PCI functions moved, and with them the doorbells in them.
  public var windowsMoved = false

  /// Something that the ACPI tables give the place of has moved.
  public var tablesOutdated = false

  /// The device's deadline moved; its slot notices.
  public var rescheduled = false

  @inlinable public init(at now: Instant) { self.now = now }
}
