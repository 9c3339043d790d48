internal import DeviceModel
internal import Devices
internal import Display
internal import GuestRAM
internal import Host
internal import PCI
internal import Primitives
internal import SystemBus
internal import Time
internal import Virtio

/// What a board is being put together from: each device gets its slot.
struct BoardParts {
  private let memory: GuestMemory
  private let machine: Machine
  private let lines: InterruptLines
  private(set) var targets: [any BusTarget] = []
  private(set) var workers: [String: StorageWorker] = [:]
  private var functions: [any PCISlot] = []

  /// Behind every slot that a disk could be in.
  private static let displayAddress = FunctionAddress(slot: 0x1E)

  init(_ memory: GuestMemory, on machine: Machine) {
    self.memory = memory
    self.machine = machine
    lines = InterruptLines(on: machine)
  }

  @discardableResult
  mutating func add<D: Device>(_ device: D, _ placement: Placement) -> Slot<D> {
    let slot = Slot(device, placement, on: machine)
    targets.append(slot)
    return slot
  }

  /// Puts a virtio device into the next slot of PCI.
  @discardableResult
  mutating func add<F: VirtioFunction>(_ function: F, name: String) -> FunctionSlot<VirtioPCI<F>> {
    let isWatched = machine.tracer?.watchesQueues(of: name) ?? false
    // 64-bit U-Boot takes whatever is in slot 1 for a bridge of the PC that it knows.
    let address = FunctionAddress(slot: functions.count + 2)
    let slot = FunctionSlot(
      VirtioPCI(function, memory: memory, isWatched: isWatched), at: address, Placement(name), lines: lines, on: machine)
    functions.append(slot)
    return slot
  }

  mutating func addDisk(_ wish: Configuration.Disk, number: Int) throws {
    let disk = try DiskFile(path: wish.path, access: wish.access)
    let device = VirtioBlock(sectorCount: disk.sectorCount, readOnly: disk.isReadOnly, identity: wish.id ?? "disk\(number)")
    let slot = add(device, name: "virtio-blk\(number)")
    workers[slot.placement.name] = try StorageWorker(
      DiskService(slot: slot, disk: disk, memory: memory), isImmediate: machine.clock.isCounted)
  }

  mutating func addDisplay(_ wish: Configuration.Display) -> FunctionSlot<DisplayAdapter> {
    let slot = FunctionSlot(
      DisplayAdapter(memory, preferred: wish.preferred), at: Self.displayAddress, Placement("display"), lines: lines, on: machine)
    functions.append(slot)
    targets.append(DisplayPorts(of: slot))
    return slot
  }

  /// The bridge to the functions that there are now: no more of them can be added.
  mutating func addBridge() -> HostBridge {
    let bridge = HostBridge(functions, lines: lines, on: machine) { machine.tracer?.watching($0) ?? $0 }
    targets.append(bridge)
    return bridge
  }
}
