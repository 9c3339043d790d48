internal import DeviceModel
internal import Primitives
internal import SystemBus

/// What one slot of the board is plugged into: the bytes of its device go to a stream or into a file, and its work to
/// whoever does it. All else is the chassis'.
final class Outlet: Backplane {
  private let chassis: Chassis
  private let show: @Sendable (UInt8) -> Void
  private let store: @Sendable ([UInt8], Int) -> Void
  private let wake: @Sendable (_ mayWait: Bool) -> Void

  init(
    on chassis: Chassis, show: @escaping @Sendable (UInt8) -> Void = { _ in },
    store: @escaping @Sendable ([UInt8], Int) -> Void = { _, _ in }, wake: @escaping @Sendable (_ mayWait: Bool) -> Void = { _ in }
  ) {
    self.chassis = chassis
    self.show = show
    self.store = store
    self.wake = wake
  }

  var now: Instant { chassis.now }

  func carryOut(_ cycle: Cycle, of placement: Placement) {
    for effect in cycle.effects {
      switch effect {
      case .byte(let byte): show(byte)
      case .store(let bytes, let offset): store(bytes, offset)
      default: break
      }
    }
    if cycle.changes.contains(.work) {
      chassis.noteWork()
      wake(cycle.mayWait)
    }
    chassis.carryOut(cycle, of: placement)
  }
}
