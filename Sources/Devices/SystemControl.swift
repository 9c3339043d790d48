public import DeviceModel
public import Primitives

/// System control port A: the fast A20 gate and the fast reset.
///
/// Address line 20 is never really masked; the bit is only remembered.
public struct SystemControl: Device {
  public static let placement = Placement("system control", ports: [Platform.systemControl])

  private var addressLine20 = false

  public init() {}

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    addressLine20 ? 0x02 : 0
  }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    addressLine20 = value[bit: 1]
    if value[bit: 0] { cycle.effects.append(.power(.reset)) }
  }

  public mutating func reset() { addressLine20 = false }
}
