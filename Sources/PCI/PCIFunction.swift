public import DeviceModel
public import Primitives

/// A model of one PCI function: a device whose registers lie in configuration space and behind base addresses.
public protocol PCIFunction: Sendable {
  /// Configuration registers; the offset is below 4096 and the access stays in its doubleword or quadword.
  mutating func readConfiguration(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64
  mutating func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle)
  /// Its windows of memory, where they are now; none while it does not decode memory. If anything but a write to its
  /// configuration or a reset moves one, the cycle's `changes` say so.
  var windows: [PCIWindow] { get }
  mutating func read(bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64
  mutating func write(_ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle)
  /// The addresses of its doorbells as it decodes them now.
  var doorbells: [GuestAddress] { get }
  /// The places, as it decodes them now, of registers that only prepare an access to another one (`SelectRegister`).
  var selectors: [MemoryRange] { get }
  /// Somebody wrote to the doorbell with this index in that list.
  mutating func ring(_ index: Int, _ cycle: inout Cycle)
  mutating func reset(_ cycle: inout Cycle)
  /// The level of its interrupt pin, INTA.
  var interruptLevel: Bool { get }
  /// When `advance` wants to be called next; nil if time alone changes nothing.
  var deadline: Instant? { get }
  mutating func advance(_ cycle: inout Cycle)
}

/// Chipset functions have no windows, no pin and no clock.
extension PCIFunction {
  public var windows: [PCIWindow] { [] }
  public mutating func read(bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    width.ones
  }
  public mutating func write(
    _ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle
  ) {}
  public var doorbells: [GuestAddress] { [] }
  public var selectors: [MemoryRange] { [] }
  public mutating func ring(_ index: Int, _ cycle: inout Cycle) {}
  public var interruptLevel: Bool { false }
  public var deadline: Instant? { nil }
  public mutating func advance(_ cycle: inout Cycle) {}
}
