public import DeviceModel
public import PCI
public import Primitives
public import SystemBus

/// The ports of a PCI function that never move.
public final class FixedPorts<F: FixedPortFunction>: BusTarget {
  private let slot: FunctionSlot<F>

  public init(of slot: FunctionSlot<F>) { self.slot = slot }

  public var placement: Placement { F.portPlacement }

  public func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    slot.access { function, cycle in function.readPort(width, at: offset, &cycle) }
  }

  public func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    slot.access { function, cycle in function.writePort(value, width, at: offset, &cycle) }
  }

  /// The registers are the function's, which has its own reset and its own time.
  public func reset() {}
  public var deadline: Instant? { nil }
  public func advance() {}
}
