public import Primitives

/// The reset control register, one byte in the middle of the PCI configuration address.
///
/// The host bridge owns the ports around it and embeds this value.
public struct ResetControl: Device {
  /// The kind of reset asked for; it lasts until the reset.
  private var kind: UInt8 = 0

  public init() {}

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { UInt64(kind) }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    if value[bit: 2] { cycle.effects.append(.power(.reset)) } else { kind = UInt8(truncatingIfNeeded: value) & 0x0A }
  }

  public mutating func reset() { kind = 0 }
}
