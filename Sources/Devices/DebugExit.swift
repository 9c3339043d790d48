public import DeviceModel
public import Primitives

/// Ends the run with an exit code of the guest's choice: the value doubled plus one, never zero.
public struct DebugExit: Device {
  public static let placement = Placement("debug exit", ports: [Platform.debugExit])

  public init() {}

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { 0 }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    cycle.effects.append(.power(.exit(code: UInt8(truncatingIfNeeded: value << 1 | 1))))
  }

  public mutating func reset() {}
}
