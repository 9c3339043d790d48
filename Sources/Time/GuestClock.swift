internal import Host
public import Primitives

/// What time it is for the guest. Everybody who shows it a time, or waits for one, asks here and not the host.
public final class GuestClock: Sendable {
  /// Time that passes with instructions and with nothing else; nil where it is the host's.
  public let counted: InstructionTime?
  /// Nanoseconds since 1970 at the guest's time zero.
  public let wallStart: UInt64
  private let hostStart: UInt64

  /// The host's time, which begins now.
  public init() {
    counted = nil
    hostStart = HostClock.nanoseconds()
    wallStart = HostClock.nanosecondsSince1970()
  }

  /// Time of its own, which begins on the same day in every run.
  public init(counting time: InstructionTime) {
    counted = time
    hostStart = 0
    wallStart = InstructionTime.startSecond * 1_000_000_000
  }

  public var isCounted: Bool { counted != nil }

  public var now: Instant { counted?.now ?? Instant(nanoseconds: HostClock.nanoseconds() &- hostStart) }

  /// When an instant is there, on the host's clock; nil where the host's time has nothing to do with it.
  public func hostTime(of instant: Instant) -> UInt64? {
    isCounted ? nil : instant.nanoseconds.addingReportingOverflow(hostStart).partialValue
  }
}
