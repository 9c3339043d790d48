internal import DeviceModel
internal import Devices
internal import Display
internal import GuestRAM
internal import PCI
internal import PCIBus
internal import Primitives

/// Where everything on the board sits. It follows from what the user asks for, and nothing is opened, locked or made for
/// it: buses, tables, the device tree and `swboot machine` say the same because they all say what is here.
struct BoardPlan: Sendable {
  /// A function of PCI.
  struct Function: Sendable {
    let name: String
    let address: FunctionAddress
  }

  let processors: Int
  let lowMemory: UInt64
  let highMemory: UInt64
  /// The image that ends at 4 GiB; the flash chip with variables is its beginning.
  let firmwareSize: UInt64

  let disks: [Function]
  let console = Function(name: "virtio-console", address: PCILayout.console)
  let entropy = Function(name: "virtio-rng", address: PCILayout.entropy)
  let display: Function?
  /// Whether somebody can press a key, and not only type at a console.
  private let hasKeyboard: Bool
  /// The file system that the guest shares with the host.
  let files: Function?
  /// Functions that a program brings.
  let added: [Function]
  /// The flash chip, if the firmware's variables have one.
  let flash: Placement?
  /// Everything on the buses but PCI's functions and the interrupt chips.
  let placements: [Placement]

  /// - Parameters:
  ///   - firmwareSize: of the firmware's image, with its variables.
  ///   - variablesSize: of the flash chip with them.
  ///   - devices: what a program adds.
  init(_ wishes: Configuration, firmwareSize: UInt64, variablesSize: UInt64, adding devices: AddedDevices = AddedDevices()) {
    processors = wishes.processors
    lowMemory = min(wishes.memory, Platform.lowRAMLimit)
    highMemory = wishes.memory - lowMemory
    self.firmwareSize = firmwareSize.roundedUp(toMultipleOf: 4096)
    disks = wishes.disks.indices.map { Function(name: "virtio-blk\($0)", address: PCILayout.disk($0)) }
    hasKeyboard = wishes.display != nil || wishes.keys != nil
    display = wishes.display == nil ? nil : Function(name: "display", address: PCILayout.display)
    files = wishes.command == nil ? nil : Function(name: "virtio-fs", address: PCILayout.files)
    let end = GuestAddress(Platform.fourGiB - self.firmwareSize + variablesSize)
    flash = variablesSize == 0 ? nil : FlashMemory.placement(below: end, size: variablesSize)
    var placements = [
      UART16550.placement, PowerManagement.placement, RealTimeClock.placement, KeyboardController.placement,
      SystemControl.placement, APMControl.placement, PanicNotifier.placement, DebugConsole.placement, DebugExit.placement,
    ]
    if wishes.hasTestDevice { placements.append(TestDevice.placement) }
    placements += [PostCode.placement, ReadAsZero.dmaPlacement, ReadAsZero.diskPlacement] + ReadAsZero.rootComplexPlacements
    if display != nil { placements.append(DisplayAdapter.portPlacement) }
    placements += [HostBridge.placement, FirmwareConfig.placement]
    if let flash { placements.append(flash) }
    self.placements = placements + devices.placed.map(\.placement)
    added = zip(devices.functions, PCILayout.added).map { Function(name: $0.name, address: $1) }
  }

  /// What the tables tell of: the keyboard and the mouse, which is reached through the keyboard's ports, only where there are
  /// keys, because an operating system asks their controller much.
  var described: [Placement] {
    hasKeyboard ? placements + [KeyboardController.mousePlacement] : placements.filter { $0.name != KeyboardController.placement.name }
  }

  /// Every function of PCI, lowest address first.
  var functions: [Function] {
    let chipset = [
      Function(name: "memory controller", address: HostBridge.memoryControllerAddress),
      Function(name: "LPC bridge", address: HostBridge.lpcBridgeAddress),
    ]
    return (disks + [console, entropy] + added + [display, files].compactMap(\.self) + chipset).sorted { $0.address < $1.address }
  }

  /// Memory as the guest finds it first.
  var windows: [MemoryWindow] {
    // Without firmware nothing needs the legacy window but RAM.
    MemoryWindow.layout(low: lowMemory, high: highMemory, firmware: firmwareSize, shadow: firmwareSize == 0 ? .allRAM : .reset)
  }
}

extension BoardPlan {
  /// The board that a machine with these wishes would have, from the sizes of its files.
  init(describing wishes: Configuration) throws {
    let variables = try wishes.firmwareVariables.map(FirmwareVariables.size(of:)) ?? 0
    let firmware = try wishes.firmware.map { try FirmwareImage.size($0, behind: variables) } ?? 0
    self.init(wishes, firmwareSize: firmware, variablesSize: variables)
  }
}
