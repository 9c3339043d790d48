internal import ACPITables
internal import Boot
internal import DeviceModel
internal import Devices
internal import GuestRAM
internal import Host
internal import PCI
internal import Primitives
internal import Processor
internal import SystemBus
internal import Virtio

/// What is on the board and where: the one place to add a device.
///
/// It outlives a reset; only what executes the guest is made anew.
struct Board: Sendable {
  let targets: [any BusTarget]

  init(_ configuration: Configuration, memory: GuestMemory, on machine: Machine) throws {
    var targets: [any BusTarget] = []
    func add<D: Device>(_ device: D, _ placement: Placement) -> Slot<D> {
      let slot = Slot(device, placement, on: machine)
      targets.append(slot)
      return slot
    }
    serial = add(UART16550(), UART16550.placement)
    power = add(PowerManagement(), PowerManagement.placement)
    _ = add(
      RealTimeClock(
        board: .init(lowMemory: memory.lowSize, highMemory: memory.highSize, cpuCount: configuration.processors),
        secondsSince1970: Int64(HostClock.nanosecondsSince1970() / 1_000_000_000)), RealTimeClock.placement)
    keyboard = add(KeyboardController(), KeyboardController.placement)
    _ = add(SystemControl(), SystemControl.placement)
    _ = add(APMControl(), APMControl.placement)
    _ = add(PanicNotifier(), PanicNotifier.placement)
    _ = add(DebugConsole(), DebugConsole.placement)
    _ = add(DebugExit(), DebugExit.placement)
    _ = add(PostCode(), PostCode.placement)
    _ = add(ReadAsZero(), ReadAsZero.dmaPlacement)
    _ = add(ReadAsZero(), ReadAsZero.diskPlacement)
    _ = add(ReadAsZero(), ReadAsZero.rootComplexPlacement)
    self.targets = targets
  }

  var shadow: ShadowControl { .reset }
  func wake(_ placement: Placement) {}
  func close() {}
  func load(_ configuration: Configuration, into memory: GuestMemory) throws -> ProcessorState? { nil }
  func restoreLines(to controller: any InterruptController) {}
  func reset() { for target in targets { target.reset() } }

  /// A firmware image; its size is checked here, so that memory can rely on it.
  static func firmware(_ path: String) throws -> [UInt8] {
    try HostFile(path: path).contents(limit: Platform.largestFirmware)
  }

  let keyboard: Slot<KeyboardController>
  let serial: Slot<UART16550>
  let power: Slot<PowerManagement>
}
