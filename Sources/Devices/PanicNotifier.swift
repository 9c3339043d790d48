public import DeviceModel
public import Primitives

/// The pvpanic port: the guest's kernel reports its own panic.
public struct PanicNotifier: Device {
  public static let placement = Placement(
    "panic notifier", ports: [Platform.panicNotifier], acpiID: "QEMU0001")

  public init() {}

  /// The events we understand: panicked, and a crash kernel takes over.
  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { 0x03 }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    if value[bit: 0] { cycle.effects.append(.power(.panicked)) }
  }

  public mutating func reset() {}
}
