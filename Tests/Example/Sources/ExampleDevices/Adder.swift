import DeviceModel
import Primitives

/// A device at a port: it adds up the bytes that are written, and reads as their sum.
public struct Adder: Device {
  public static let placement = Placement("adder", ports: [PortRange(0x590, count: 1)], acpiID: "EXMP0001")

  private var sum: UInt8 = 0

  public init() {}

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { UInt64(sum) }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    sum &+= UInt8(truncatingIfNeeded: value)
  }

  public mutating func reset() { sum = 0 }
}
