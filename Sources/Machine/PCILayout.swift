internal import PCI
internal import PCIBus

/// Which slot of PCI each function has, whatever else is on the board: a guest that was installed with one set of devices
/// finds them again with another.
enum PCILayout {
  /// 64-bit U-Boot takes whatever is in slot 1 for a bridge of the PC that it knows.
  static func disk(_ number: Int) -> FunctionAddress { FunctionAddress(slot: 2 + number) }
  static let console = FunctionAddress(slot: 2 + Configuration.mostDisks)
  static let entropy = FunctionAddress(slot: 3 + Configuration.mostDisks)
  /// No firmware meets it there.
  static let files = FunctionAddress(slot: 1)
  /// For functions that a program brings.
  static let added = [FunctionAddress(slot: 0x1C), FunctionAddress(slot: 0x1D)]
  static let display = FunctionAddress(slot: 0x1E)
}
