internal import DeviceModel
internal import Devices
internal import Display
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Primitives
internal import Sharing
internal import SystemBus
internal import Time
internal import Virtio

/// What a board is being put together from: each device gets its slot, and each slot its outlet.
struct BoardParts {
  private let memory: GuestMemory
  private let chassis: Chassis
  private let wires: PCIWires
  private(set) var targets: [any BusTarget] = []
  private(set) var disks: [DiskStation] = []
  private var functions: [any PCISlot] = []

  init(_ memory: GuestMemory, on chassis: Chassis) {
    self.memory = memory
    self.chassis = chassis
    wires = PCIWires(on: chassis)
  }

  @discardableResult
  mutating func add<D: Device>(_ device: D, _ placement: Placement, on outlet: Outlet? = nil) -> Slot<D> {
    let slot = Slot(device, placement, on: outlet ?? chassis)
    targets.append(slot)
    return slot
  }

  /// Puts a virtio device into its slot of PCI.
  @discardableResult
  mutating func add<F: VirtioFunction>(_ function: F, as place: BoardPlan.Function, on outlet: Outlet? = nil) -> FunctionSlot<VirtioPCI<F>> {
    let isWatched = chassis.tracer?.watchesQueues(of: place.name) ?? false
    return add(VirtioPCI(function, memory: memory, isWatched: isWatched), as: place, on: outlet)
  }

  mutating func add<F: PCIFunction>(_ function: F, as place: BoardPlan.Function, on outlet: Outlet? = nil) -> FunctionSlot<F> {
    let slot = FunctionSlot(function, at: place.address, Placement(place.name), wires: wires, on: outlet ?? chassis)
    functions.append(slot)
    return slot
  }

  mutating func addDisk(_ disk: DiskFile, _ wish: Configuration.Disk, processors: Int, as place: BoardPlan.Function) {
    let device = VirtioBlock(
      sectorCount: disk.sectorCount, readOnly: disk.isReadOnly, identity: wish.id ?? "disk\(disks.count)", processors: processors)
    let worker = Worker(name: place.name)
    let slot = add(device, as: place, on: Outlet(on: chassis, wake: waking(worker, "first access to a disk")))
    disks.append(DiskStation(slot: slot, disk: disk, memory: memory, worker: worker, keepsOrder: chassis.clock.isCounted))
  }

  /// What calls a worker, and notes the first time if somebody wants to know.
  private func waking(_ worker: Worker, _ first: String) -> @Sendable (_ mayWait: Bool) -> Void {
    guard let timeline = chassis.timeline else { return worker.call }
    return { mayWait in
      timeline.mark(first)
      worker.call(mayWait: mayWait)
    }
  }

  mutating func addConsole(as place: BoardPlan.Function) -> FunctionSlot<VirtioPCI<VirtioConsole>> {
    add(VirtioConsole(), as: place, on: Outlet(on: chassis, wake: { [chassis] _ in chassis.drainVirtioConsole() }))
  }

  /// The console's place has a port for each stream of a command.
  mutating func addPorts(_ streams: CommandStreams, as place: BoardPlan.Function) {
    let device = VirtioPorts(names: CommandStreams.Port.allCases.map(\.name))
    streams.connect(to: add(device, as: place, on: Outlet(on: chassis, wake: { _ in streams.wake() })))
  }

  mutating func addFiles(_ server: FileServer, as place: BoardPlan.Function) -> FileStation {
    let worker = Worker(name: place.name)
    let slot = add(VirtioFileSystem(tag: CommandRun.tag), as: place, on: Outlet(on: chassis, wake: waking(worker, "first access to shared files")))
    return FileStation(slot: slot, server: server, memory: memory, worker: worker)
  }

  mutating func addFirmwareConfig(_ shelf: FirmwareShelf) -> FirmwareStation {
    let worker = Worker(name: FirmwareConfig.placement.name)
    let slot = add(FirmwareConfig(memory: memory), FirmwareConfig.placement, on: Outlet(on: chassis, wake: worker.call))
    return FirmwareStation(slot: slot, shelf: shelf, worker: worker)
  }

  mutating func addEntropy(_ entropy: Entropy, as place: BoardPlan.Function) -> EntropyStation {
    let worker = Worker(name: place.name)
    let slot = add(VirtioEntropy(), as: place, on: Outlet(on: chassis, wake: worker.call))
    return EntropyStation(slot: slot, entropy: entropy, worker: worker)
  }

  mutating func addDisplay(_ wish: Configuration.Display, as place: BoardPlan.Function) -> FunctionSlot<DisplayAdapter> {
    let slot = add(DisplayAdapter(memorySize: Int(memory.videoSize), preferred: wish.preferred), as: place)
    targets.append(FixedPorts(of: slot))
    return slot
  }

  /// The bridge to the functions that there are now: no more of them can be added.
  mutating func addBridge() -> HostBridge {
    let bridge = HostBridge(functions, wires: wires, on: chassis, watched: chassis.watching)
    targets.append(bridge)
    return bridge
  }
}
