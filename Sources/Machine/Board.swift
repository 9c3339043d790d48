internal import ACPITables
internal import Boot
internal import DeviceModel
internal import Devices
internal import Display
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Primitives
internal import Processor
internal import SystemBus
internal import Time
internal import Virtio

/// What is on the board and where: the one place to add a device.
///
/// It outlives a reset; only what executes the guest is made anew.
final class Board: Sendable {
  let targets: [any BusTarget]

  init(_ configuration: Configuration, _ plan: BoardPlan, _ resources: Resources, _ random: Entropy, adding devices: AddedDevices, on chassis: Chassis) throws {
    memory = resources.memory
    files = resources.files
    var parts = BoardParts(memory, on: chassis)
    serial = parts.add(
      UART16550(), UART16550.placement, on: Outlet(on: chassis, show: chassis.serialSaid, wake: { _ in chassis.letInputFlow() }))
    power = parts.add(PowerManagement(), PowerManagement.placement)
    parts.add(
      RealTimeClock(
        board: .init(lowMemory: plan.lowMemory, highMemory: plan.highMemory, cpuCount: plan.processors),
        secondsSince1970: Int64(chassis.clock.wallStart / 1_000_000_000)), RealTimeClock.placement)
    keyboard = parts.add(KeyboardController(), KeyboardController.placement)
    parts.add(SystemControl(), SystemControl.placement)
    parts.add(APMControl(), APMControl.placement)
    parts.add(PanicNotifier(), PanicNotifier.placement)
    parts.add(DebugConsole(), DebugConsole.placement, on: Outlet(on: chassis, show: chassis.debugConsoleSaid))
    parts.add(DebugExit(), DebugExit.placement)
    if configuration.hasTestDevice { parts.add(TestDevice(), TestDevice.placement) }
    parts.add(PostCode(), PostCode.placement)
    parts.add(ReadAsZero(), ReadAsZero.dmaPlacement)
    parts.add(ReadAsZero(), ReadAsZero.diskPlacement)
    for placement in ReadAsZero.rootComplexPlacements { parts.add(ReadAsZero(), placement) }
    for ((disk, wish), function) in zip(zip(resources.disks, configuration.disks), plan.disks) {
      parts.addDisk(disk, wish, processors: plan.processors, as: function)
    }
    if let streams = chassis.streams {
      parts.addPorts(streams, as: plan.console)
      virtioConsole = nil
    } else {
      virtioConsole = parts.addConsole(as: plan.console)
    }
    if let server = resources.sharedFiles, let place = plan.files {
      sharedFiles = parts.addFiles(server, as: place)
    } else {
      sharedFiles = nil
    }
    entropy = parts.addEntropy(random, as: plan.entropy)
    if let wish = configuration.display, let function = plan.display {
      display = parts.addDisplay(wish, as: function)
    } else {
      display = nil
    }
    for (device, place) in zip(devices.functions, plan.added) { device.add(&parts, place) }
    bridge = parts.addBridge()
    tables = BoardTables(plan)
    let items = configuration.firmware == nil ? [] : try FirmwareItems(configuration, plan, tables, resources.files).list
    let files = try FirmwareItems.files(configuration, resources.files)
    firmwareFiles = parts.addFirmwareConfig(
      try FirmwareShelf(cpuCount: plan.processors, memorySize: configuration.memory, extra: items + files))
    variables = resources.variables
    if let variables, let place = plan.flash {
      variables.show(in: memory)
      flash = parts.add(FlashMemory(variables.contents), place, on: Outlet(on: chassis, store: chassis.flashStores))
    } else {
      flash = nil
    }
    for device in devices.placed { device.add(&parts, device.placement) }
    self.random = random
    targets = parts.targets
    disks = parts.disks
    streams = chassis.streams
    do throws(SystemError) {
      for disk in disks { try disk.start(isImmediate: chassis.clock.isCounted) }
      try sharedFiles?.start(isImmediate: chassis.clock.isCounted)
      // Whoever reads the register wants its byte at once; and the host keeps nobody waiting for random bytes.
      try firmwareFiles.start(isImmediate: true)
      try entropy.start(isImmediate: true)
      try streams?.start(isImmediate: chassis.clock.isCounted)
    } catch {
      stop()
      throw error
    }
  }

  let memory: GuestMemory
  let serial: Slot<UART16550>
  let power: Slot<PowerManagement>
  let keyboard: Slot<KeyboardController>
  /// Not there where its place has the ports of a command.
  let virtioConsole: FunctionSlot<VirtioPCI<VirtioConsole>>?
  let bridge: HostBridge
  let display: FunctionSlot<DisplayAdapter>?
  private let files: OpenedFiles
  private let disks: [DiskStation]
  private let sharedFiles: FileStation?
  private let entropy: EntropyStation
  private let streams: CommandStreams?
  private let tables: BoardTables
  private let firmwareFiles: FirmwareStation
  private let variables: FirmwareVariables?
  private let flash: Slot<FlashMemory>?
  private let random: Entropy

  /// The legacy window as the guest has programmed it.
  var shadow: ShadowControl { ShadowControl(bytes: bridge.shadow) }

  /// How much at the firmware's start is no memory now, because its flash chip gives its status.
  var hiddenFirmware: UInt64 {
    guard let flash, let range = flash.placement.memory else { return 0 }
    return flash.access { chip, _ in chip.showsArray } ? 0 : range.count
  }

  /// Where video memory is; nil where it would not be in the window of PCI, or where configuration space is.
  var videoPlace: GuestAddress? {
    guard let display, let place = display.inspect({ $0.framebufferPlace }), Platform.pciMemory.contains(place) else { return nil }
    let range = MemoryRange(place, count: Platform.video.count)
    guard range.last <= Platform.pciMemory.last, bridge.ecam?.overlaps(range) != true else { return nil }
    return place
  }

  private func screenInformation(_ display: Configuration.Display) -> ScreenInformation {
    display.initialMode.map { .pixels(at: Platform.video.first, width: $0.width, height: $0.height) } ?? .text
  }

  /// Does what firmware does elsewhere: maps the legacy window as RAM, places PCI windows, assigns interrupt lines, and shows a
  /// picture.
  func standInForFirmware(_ configuration: Configuration) {
    bridge.setShadow(ShadowControl.allRAM.bytes)
    bridge.placeWindows()
    bridge.connectInterrupts()
    display?.writeConfiguration(2, .word, at: ConfigurationSpace.Register.command)
    display?.access { display, cycle in display.place(configuration.display?.initialMode, &cycle) }
  }

  /// Tells the firmware's ACPI files where the guest has put the configuration space and the PM block.
  func refreshTables() {
    // For what is switched off now the tables tell the place that it has at power-on.
    let tables = tables.moved(ecam: bridge.ecam ?? Platform.ecam, pmBase: bridge.pmBase ?? Platform.pmBlock.first)
    firmwareFiles.replace("etc/acpi/tables", with: tables.tables)
  }

  /// Gives the guest its memory as the chipset, the flash chip and the display have it now.
  func layOutMemory() { memory.setShadow(shadow, hidingFirmware: hiddenFirmware, videoAt: videoPlace) }

  /// Offers to one of the consoles what the user typed; returns how many keys it has taken.
  func receive(_ keys: [UInt8], byVirtio: Bool) -> Int {
    guard !byVirtio else { return virtioConsole?.access { console, cycle in console.receive(keys, &cycle) } ?? 0 }
    return serial.access { serial, cycle in keys.prefix { serial.receive($0, &cycle) }.count }
  }

  /// A break and a letter on the serial port, by which a Linux that listens there lists its tasks.
  func askForTasks() {
    serial.access { serial, cycle in
      if serial.receiveBreak(&cycle) { _ = serial.receive(UInt8(ascii: "t"), &cycle) }
    }
  }

  /// What the guest has said on the virtio console since the last call.
  func takeConsoleWords() -> [UInt8] { virtioConsole?.access { console, _ in console.drain() } ?? [] }

  /// The flash chip has new bytes to keep.
  func keepInFlash(_ bytes: [UInt8], at offset: Int) {
    if variables?.keep(bytes, at: offset) == false { flash?.access { chip, cycle in chip.storeFailed(&cycle) } }
  }

  func reset() {
    for disk in disks { disk.settle() }
    sharedFiles?.settle()
    for target in targets { target.reset() }
  }

  /// Everything the guest wrote is on its disks and in its flash; says where it is not.
  func close() -> [String] { disks.compactMap { $0.close() } + [variables?.close()].compactMap(\.self) }

  /// Nobody works for the devices any more.
  func stop() {
    for disk in disks { disk.stop() }
    for station in [firmwareFiles, entropy] as [any Station] { station.stop() }
    sharedFiles?.stop()
    streams?.stop()
  }

  /// Puts a kernel and its tables into RAM; nil where firmware does that.
  func load(_ configuration: Configuration) throws -> ProcessorState? {
    guard configuration.firmware == nil, let kernel = configuration.kernel else { return nil }
    let (root, anchor) = (Platform.rootPointerArea, Platform.inventoryArea)
    let placed = tables.atPowerOn.placed(tablesAt: root + 0x40, rsdpAt: root)
    try memory.write(placed.rsdp, at: root)
    try memory.write(placed.tables, at: root + 0x40)
    let names = SMBIOS(processors: configuration.processors, memory: memory.size, version: Program.version)
    let inventory = names.placed(anchorAt: anchor, structuresAt: anchor + 0x100)
    try memory.write(inventory.anchor, at: anchor)
    try memory.write(inventory.structures, at: anchor + 0x100)
    var request = configuration.loadRequest(kernel, files)
    request.rootPointer = root.value
    request.randomSeed = try random.bytes(32)
    request.baseSeed = random.next()
    request.screen = configuration.display.map(screenInformation)
    return try Boot.load(request, into: memory)
  }
}

extension Configuration.Disk {
  var access: DiskFile.Access { isSnapshot ? .snapshot : isReadOnly ? .readOnly : .readWrite }
}

extension Configuration.Display {
  /// The mode that the monitor asks for.
  var preferred: (width: Int, height: Int) {
    let wish = if case .text = self { Self.standard } else { self }
    guard case .pixels(let width, let height) = wish else { return (640, 480) }
    return (width, height)
  }

  /// What is on the screen before anybody asks for a mode; nil for text.
  var initialMode: (width: Int, height: Int)? { self == .text ? nil : preferred }
}
