/// How the interrupt pins of PCI functions reach the PIC, where no I/O APIC is in use.
///
/// A pin pulls one of the wires PIRQA to PIRQH, and firmware connects each wire with a line of the PIC.
public enum PCIRouting {
  public static let wireCount = 8

  /// The wire of a pin (0 is INTA) in a slot, as `_PRT` tells it.
  public static func wire(slot: Int, pin: Int) -> Int {
    slot < 25 ? 4 + ((slot + pin) & 3) : pin & 3
  }

  /// The bridge's register that connects a wire, in its configuration space (ICH9 13.1.10, 13.1.12).
  public static func register(ofWire wire: Int) -> Int { (wire < 4 ? 0x60 : 0x64) + wire }

  /// The line that firmware connects a wire with.
  public static func line(ofWire wire: Int) -> UInt8 { wire & 2 == 0 ? 10 : 11 }

  /// Those lines, bit by bit: as several functions share them, they are level-triggered.
  public static let lines: UInt16 = 1 << 10 | 1 << 11

  /// Where the PIC is told so: one bit for each line (ELCR).
  public static let levelTriggered: Port = 0x4D0
}
