public import DeviceModel
public import Primitives

/// Registers that guests probe and that hold nothing: read as zero, ignore writes.
public struct ReadAsZero: Device {
  /// The 8237 pair and its page registers, without the POST code port in their midst.
  public static let dmaPlacement = Placement(
    "DMA controller",
    ports: [PortRange(0x00, count: 0x10), PortRange(0x81, count: 0x0F), PortRange(0xC0, count: 0x20)])
  /// Disk channels without a disk: zero ends a driver's wait at once, all ones would be "busy".
  public static let diskPlacement = Placement(
    "legacy ATA",
    ports: [
      PortRange(0x1F0, count: 8), PortRange(0x170, count: 8), PortRange(0x3F6, count: 1),
      PortRange(0x376, count: 1),
    ])
  /// The chipset's root complex block, which only needs to be quiet, around its general control register.
  public static let rootComplexPlacements = [
    MemoryRange(Platform.rootComplex.first, through: GuestAddress(Platform.generalControl.first.value - 1)),
    MemoryRange(GuestAddress(Platform.generalControl.last.value + 1), through: Platform.rootComplex.last),
  ].map { Placement("root complex", memory: $0) }

  public init() {}

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { 0 }
  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {}
  public mutating func reset() {}
}
