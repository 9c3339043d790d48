public import DeviceModel
public import Primitives
public import Synchronization

/// One device with the lock around it, and its wire to the backplane. Written once, for every device.
public final class Slot<D: Device>: BusTarget {
  public let placement: Placement
  @usableFromInline let seat: Seat
  /// What the bus calls. They are made where the device's type is known: the methods of a generic class would look for it
  /// anew at each access.
  @usableFromInline let reading: @Sendable (AccessWidth, Int) -> UInt64
  @usableFromInline let writing: @Sendable (UInt64, AccessWidth, Int) -> Void
  @usableFromInline let waiting: @Sendable () -> Instant?

  @usableFromInline final class Seat: Sendable {
    @usableFromInline let device: Mutex<D>
    @usableFromInline let placement: Placement
    @usableFromInline let backplane: any Backplane

    @inlinable init(_ device: D, _ placement: Placement, on backplane: any Backplane) {
      self.device = Mutex(device)
      self.placement = placement
      self.backplane = backplane
    }

    /// One cycle under the device's lock; its effects are carried out after the lock is free.
    @inlinable func access<R: Sendable>(_ body: (inout sending D, inout Cycle) -> sending R) -> R {
      var cycle = Cycle(at: D.dependsOnTime ? backplane.now : .start)
      let result = device.withLock { device in
        let deadline = device.deadline
        let result = body(&device, &cycle)
        if device.deadline != deadline { cycle.changes.insert(.deadline) }
        return result
      }
      if !cycle.isQuiet { backplane.carryOut(D.dependsOnTime ? cycle : Cycle(cycle, at: backplane.now), of: placement) }
      return result
    }
  }

  @inlinable public init(_ device: D, _ placement: Placement, on backplane: any Backplane) {
    let seat = Seat(device, placement, on: backplane)
    self.placement = placement
    self.seat = seat
    reading = { width, offset in seat.access { device, cycle in device.read(width, at: offset, &cycle) } }
    writing = { value, width, offset in seat.access { device, cycle in device.write(value, width, at: offset, &cycle) } }
    waiting = { seat.device.withLock { $0.deadline } }
  }

  public func read(_ width: AccessWidth, at offset: Int) -> UInt64 { reading(width, offset) }
  public func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) { writing(value, width, offset) }

  /// A device just out of reset drives its line low.
  public func reset() {
    access { device, cycle in
      device.reset()
      cycle.interrupt = false
    }
  }
  public var deadline: Instant? { waiting() }
  public func advance() { access { device, cycle in device.advance(&cycle) } }

  @inlinable public func access<R: Sendable>(_ body: (inout sending D, inout Cycle) -> sending R) -> R { seat.access(body) }
}
