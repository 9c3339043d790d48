public import DeviceModel
public import Primitives

/// The port that firmware reports its progress on, and that Linux writes to for a short delay.
public struct PostCode: Device {
  public static let placement = Placement("POST code", ports: [PortRange(0x80, count: 1)])

  /// The last code reported.
  public private(set) var code: UInt8 = 0

  public init() {}
  @inlinable public static var dependsOnTime: Bool { false }

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { UInt64(code) }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    code = UInt8(truncatingIfNeeded: value)
  }

  public mutating func reset() { code = 0 }
}
