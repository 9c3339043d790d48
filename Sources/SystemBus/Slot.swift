public import DeviceModel
public import Primitives
public import Synchronization

/// One device with the lock around it, and its wire to the backplane. Written once, for every device.
public final class Slot<D: Device>: BusTarget {
  public let placement: Placement
  /// What the bus calls. They are made where the device's type is known: the methods of a generic class would look for it
  /// anew at each access. Only they have the device with its lock, so that a start makes no types for these.
  @usableFromInline let reading: @Sendable (AccessWidth, Int) -> UInt64
  @usableFromInline let writing: @Sendable (UInt64, AccessWidth, Int) -> Void
  @usableFromInline let waiting: @Sendable () -> Instant?
  @usableFromInline let cycling: @Sendable ((inout sending D, inout Cycle) -> Void) -> Void

  @inlinable public init(_ device: D, _ placement: Placement, on backplane: any Backplane) {
    let device = Mutex(device)

    /// One cycle under the device's lock; its effects are carried out after the lock is free.
    @Sendable func runCycle<R: Sendable>(_ body: (inout sending D, inout Cycle) -> sending R) -> R {
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

    self.placement = placement
    reading = { width, offset in runCycle { device, cycle in device.read(width, at: offset, &cycle) } }
    writing = { value, width, offset in runCycle { device, cycle in device.write(value, width, at: offset, &cycle) } }
    waiting = { device.withLock { $0.deadline } }
    cycling = { body in runCycle { device, cycle in body(&device, &cycle) } }
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

  /// A cycle for whoever else has business with the device.
  @inlinable public func access<R: Sendable>(_ body: (inout sending D, inout Cycle) -> sending R) -> R {
    var result: R?
    cycling { device, cycle in result = body(&device, &cycle) }
    guard let result else { fatalError("a slot lets each look at its device") }
    return result
  }
}
