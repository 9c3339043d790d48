internal import DeviceModel
internal import Primitives
internal import SystemBus

/// What one slot of the board is plugged into: the bytes of its device go to a stream, and its work to whoever does it. All
/// else is the chassis'.
final class Outlet: Backplane {
  private let chassis: Chassis
  private let show: @Sendable (UInt8) -> Void
  private let wake: @Sendable () -> Void

  init(on chassis: Chassis, show: @escaping @Sendable (UInt8) -> Void = { _ in }, wake: @escaping @Sendable () -> Void = {}) {
    self.chassis = chassis
    self.show = show
    self.wake = wake
  }

  var now: Instant { chassis.now }

  func carryOut(_ cycle: Cycle, of placement: Placement) {
    if let byte = cycle.consoleByte { show(byte) }
    if cycle.wake { wake() }
    chassis.carryOut(cycle, of: placement)
  }
}
