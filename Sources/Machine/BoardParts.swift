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

  /// Puts a virtio device into its slot of PCI.
  @discardableResult
  mutating func add<F: VirtioFunction>(_ function: F, as place: BoardPlan.Function) -> FunctionSlot<VirtioPCI<F>> {
    let isWatched = machine.tracer?.watchesQueues(of: place.name) ?? false
    let slot = FunctionSlot(
      VirtioPCI(function, memory: memory, isWatched: isWatched), at: place.address, Placement(place.name), lines: lines,
      on: machine)
    functions.append(slot)
    return slot
  }

  mutating func addDisk(_ wish: Configuration.Disk, as place: BoardPlan.Function) throws {
    let disk = try DiskFile(path: wish.path, access: wish.access)
    let device = VirtioBlock(sectorCount: disk.sectorCount, readOnly: disk.isReadOnly, identity: wish.id ?? "disk\(workers.count)")
    let slot = add(device, as: place)
    workers[place.name] = try StorageWorker(
      DiskService(slot: slot, disk: disk, memory: memory), isImmediate: machine.clock.isCounted)
  }

  mutating func addDisplay(_ wish: Configuration.Display, as place: BoardPlan.Function) -> FunctionSlot<DisplayAdapter> {
    let slot = FunctionSlot(
      DisplayAdapter(memory, preferred: wish.preferred), at: place.address, Placement(place.name), lines: lines, on: machine)
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
