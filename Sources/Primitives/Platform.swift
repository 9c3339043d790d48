/// The machine's map: a q35 with only what a guest needs ("q35-lite").
///
///     0000_0000  RAM, 639 KiB, then the extended BIOS data area
///     000A_0000  legacy video hole, plain RAM here
///     000C_0000  PAM segments: RAM or the firmware's last 128 KiB
///     0010_0000  RAM up to `lowRAMLimit`
///     B000_0000  PCI configuration space (ECAM), 256 MiB
///     C000_0000  PCI memory window
///     FEC0_0000  I/O APIC
///     FEE0_0000  local APIC and MSI doorbell
///     FEFF_C000  four pages KVM needs on some hosts
///     FF00_0000  firmware, ending at 4 GiB
///   1_0000_0000  the rest of RAM
public enum Platform {
  public static let lowRAMLimit: UInt64 = 0x8000_0000
  public static let highRAMStart: UInt64 = 0x1_0000_0000
  public static let fourGiB: UInt64 = 0x1_0000_0000

  public static let extendedBIOSData: GuestAddress = 0x9_FC00
  public static let legacyVideo = MemoryRange(0xA_0000, count: 0x2_0000)
  public static let textScreen: GuestAddress = 0xB_8000
  public static let shadow = MemoryRange(0xC_0000, count: 0x4_0000)

  /// Where kernels search for ACPI's root pointer, and from the second on for SMBIOS' anchor.
  public static let rootPointerArea: GuestAddress = 0xE_0000
  public static let inventoryArea: GuestAddress = 0xF_0000

  public static let ecam = MemoryRange(0xB000_0000, count: 0x1000_0000)
  public static let pciMemory = MemoryRange(0xC000_0000, through: 0xFEBF_FFFF)
  public static let ioAPIC = MemoryRange(0xFEC0_0000, count: 0x1000)
  /// The I/O APIC's pin for line 0, the timer's; every other line drives the pin with its own number.
  public static let timerPin = 2
  public static let rootComplex = MemoryRange(0xFED1_C000, count: 0x4000)
  /// The one register in it that does something.
  public static let generalControl = MemoryRange(0xFED1_F410, count: 4)
  public static let localAPIC = MemoryRange(0xFEE0_0000, count: 0x1000)
  /// Where a display is if no firmware puts it elsewhere.
  public static let video = MemoryRange(0xFD00_0000, count: 0x100_0000)
  public static let videoRegisters = MemoryRange(0xFEBF_F000, count: 0x1000)
  public static let kvmIdentityMap: GuestAddress = 0xFEFF_C000
  public static let kvmTaskState: GuestAddress = 0xFEFF_D000
  public static let kvmPrivate = MemoryRange(0xFEFF_C000, count: 0x4000)
  public static let smallestFirmware: UInt64 = 0x1_0000
  public static let largestFirmware: UInt64 = 0x100_0000

  public static let debugExit = PortRange(0xF4, count: 4)
  /// The ports of the test device: a register and the same by bytes, and one for each interrupt line.
  public static let testRegister = PortRange(0xE0, count: 12)
  public static let testLines = PortRange(0x2000, count: 24)
  public static let testMemory = MemoryRange(0xFF00_0000, count: 0x1_0000)
  public static let serial = PortRange(0x3F8, count: 8)
  public static let displayInterface = PortRange(0x1CE, count: 4)
  public static let vga = PortRange(0x3C0, count: 0x20)
  public static let debugConsole = PortRange(0x402, count: 1)
  public static let panicNotifier = PortRange(0x505, count: 1)
  public static let firmwareConfig = PortRange(0x510, count: 12)
  public static let systemControl = PortRange(0x92, count: 1)
  public static let apmControl = PortRange(0xB2, count: 2)
  public static let pmBlock = PortRange(0x600, count: 0x80)
  public static let pciConfigAddress: Port = 0xCF8
  public static let pciConfigData: Port = 0xCFC
  public static let resetControl: Port = 0xCF9

  public static let keyboardLine = 1
  public static let serialLine = 4
  public static let clockLine = 8
  public static let systemControlLine = 9
  public static let mouseLine = 12
  /// Global interrupt of PCI interrupt index 0: PIRQA to PIRQH are 16 to 23.
  public static let firstPCILine = 16
}
