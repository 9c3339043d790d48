import DeviceModel
import Primitives

/// What the tables say about one machine.
struct DescribedMachine {
  let processors: Int
  let placements: [Placement]
  let ecam: MemoryRange
  let pmBase: Port
  let pciMemory: MemoryRange

  /// The PCI memory window without the configuration space, which a firmware may have put into it.
  var pciWindows: [MemoryRange] {
    guard ecam.overlaps(pciMemory) else { return [pciMemory] }
    var windows: [MemoryRange] = []
    if pciMemory.first < ecam.first {
      windows.append(MemoryRange(pciMemory.first, through: GuestAddress(ecam.first.value - 1)))
    }
    if ecam.last < pciMemory.last {
      windows.append(MemoryRange(GuestAddress(ecam.last.value + 1), through: pciMemory.last))
    }
    return windows
  }

  /// Whether somebody answers at VGA's ports.
  var hasVGA: Bool { placements.contains { $0.ports.contains(Platform.vga) } }

  /// The first device with an ACPI hardware id.
  func placement(_ id: HardwareID) -> Placement? {
    placements.first { $0.acpiID?.description == id.rawValue }
  }
}

/// The hardware ids that a table other than the DSDT, or a node's name, depends on.
enum HardwareID: String {
  case interruptController = "PNP0000"
  case intervalTimer = "PNP0100"
  case serialPort = "PNP0501"
  case clock = "PNP0B00"
  case keyboard = "PNP0303"
  case mouse = "PNP0F13"
  case panicNotifier = "QEMU0001"
  case firmwareConfig = "QEMU0002"

  /// The node's customary name.
  var nodeName: String {
    switch self {
    case .interruptController: "PIC"
    case .intervalTimer: "TIMR"
    case .serialPort: "COM1"
    case .clock: "RTC"
    case .keyboard: "KBD"
    case .mouse: "MOU"
    case .panicNotifier: "PVPN"
    case .firmwareConfig: "FWCF"
    }
  }
}
