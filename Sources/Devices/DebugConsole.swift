public import DeviceModel
public import Primitives

/// The firmware's log port: reads tell that it is there, writes go to the host.
public struct DebugConsole: Device {
  public static let placement = Placement("debug console", ports: [Platform.debugConsole])

  public init() {}

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { 0xE9 }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    cycle.effects.append(.byte(UInt8(truncatingIfNeeded: value)))
  }

  public mutating func reset() {}
}
