internal import Primitives

/// Where the board says that things are: the one source of addresses beyond those that every PC shares.
struct BoardFacts {
  var serial: Port?
  var debugConsole: Port?
  var debugExit: Port?
  var powerManagement: Port?
  var clock: Port?
  /// PCI configuration space in memory.
  var configurationSpace: MemoryRange?
  /// Where PCI functions may be in memory.
  var pciMemory: MemoryRange?

  /// The free-running timer of the power management block: 24 bits, 3 579 545 Hz (ACPI 6.5 §4.8.3.3).
  var timer: Port? { powerManagement.map { $0 + 8 } }

  mutating func learn<H: Hardware>(from node: DeviceTreeReader<H>.Node) {
    guard let compatible = node.compatible else { return }
    if compatible.contains("swboot,com1") { serial = Self.port(node) }
    if compatible.contains("swboot,debug-console") { debugConsole = Self.port(node) }
    if compatible.contains("swboot,debug-exit") { debugExit = Self.port(node) }
    if compatible.contains("swboot,power-management") { powerManagement = Self.port(node) }
    if compatible.contains("swboot,real-time-clock") { clock = Self.port(node) }
    if compatible.contains("pci-host-ecam-generic") {
      configurationSpace = Self.range(node.registers?.pair(0), node.registers?.pair(2))
      // Kind and bus address (three cells), the same address as processors see it, and the size.
      pciMemory = Self.range(node.ranges?.pair(3), node.ranges?.pair(5))
    }
  }

  /// On the ISA bus an address is a space, 1 for ports, and a number.
  private static func port<H: Hardware>(_ node: DeviceTreeReader<H>.Node) -> Port? {
    guard node.registers?.cell(0) == 1, let number = node.registers?.cell(1) else { return nil }
    return UInt16(exactly: number).map { Port($0) }
  }

  private static func range(_ first: UInt64?, _ count: UInt64?) -> MemoryRange? {
    guard let first, let count, count > 0, first < Platform.fourGiB, count <= Platform.fourGiB - first else { return nil }
    return MemoryRange(GuestAddress(first), count: count)
  }
}
