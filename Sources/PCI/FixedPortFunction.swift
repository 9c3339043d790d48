public import DeviceModel
public import Primitives

/// A function that also has registers at ports that never move, as a VGA has.
public protocol FixedPortFunction: PCIFunction {
  static var portPlacement: Placement { get }
  mutating func readPort(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64
  mutating func writePort(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle)
}
