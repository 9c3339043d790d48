public import Primitives

/// A model of one piece of hardware, seen through its registers.
///
/// A device is a plain value. It owns no thread, lock, clock or descriptor, and calls nobody:
/// it changes itself and records the rest in the cycle. Offsets are relative to its placement;
/// a device that sits in both spaces sees ports first (see `Placement`).
public protocol Device: Sendable {
  mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64
  mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle)
  mutating func reset()
  /// When `advance` wants to be called next; nil if time alone changes nothing.
  var deadline: Instant? { get }
  mutating func advance(_ cycle: inout Cycle)
  /// Whether anything that it does depends on when it happens. If not, its cycles do not know.
  static var dependsOnTime: Bool { get }
}

extension Device {
  public var deadline: Instant? { nil }
  @inlinable public static var dependsOnTime: Bool { true }
  public mutating func advance(_ cycle: inout Cycle) {}
}
