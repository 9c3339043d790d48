import ACPITables
import DeviceModel
import Devices
import Display
import FirmwareCore
import GuestRAM
import Host
import PCI
import PCIBus
import Primitives
import Synchronization
import SystemBus
import Virtio

/// The VMM's own device models with nobody who executes instructions: the firmware's logic runs right on them.
final class TestMachine: Backplane, Hardware {
  typealias Disk = FunctionSlot<VirtioPCI<VirtioBlock>>

  struct Record: Sendable {
    var serial: [UInt8] = []
    var exitCode: UInt8?
    var isStopped = false
    var realMode: RealModeEntry?
    var kernel: (entry: GuestAddress, parameters: GuestAddress)?
    var multiboot: (entry: GuestAddress, information: GuestAddress)?
  }

  let memory: GuestMemory
  let record = Mutex(Record())
  /// What is on each disk; a machine that is broken in a certain way answers every request with an error.
  let contents: Mutex<[[UInt8]]>
  let failsReads: Bool
  private let bus = Mutex(SystemBus())
  private let disks = Mutex<[Disk]>([])
  private let clock = Mutex<UInt64>(0)
  private let shelf: FirmwareShelf
  private let config = Mutex<Slot<FirmwareConfig>?>(nil)
  let serial = Mutex<Slot<UART16550>?>(nil)
  let display = Mutex<FunctionSlot<DisplayAdapter>?>(nil)
  let controllers = Mutex<Slot<LegacyPIC>?>(nil)
  let keyboard = Mutex<Slot<KeyboardController>?>(nil)

  var now: Instant {
    // Each look at the clock takes a while, so that waiting comes to an end.
    clock.withLock { nanoseconds in
      nanoseconds += 100_000
      return Instant(nanoseconds: nanoseconds)
    }
  }

  init(
    ram: UInt64 = 1 << 20, disks images: [[UInt8]] = [], items: [FirmwareItem] = [], failsReads: Bool = false,
    hasDisplay: Bool = false
  )
    throws
  {
    memory = try GuestMemory(size: ram, video: hasDisplay ? Platform.video.count : 0)
    memory.setShadow(.allRAM)
    contents = Mutex(images)
    self.failsReads = failsReads
    shelf = try FirmwareShelf(cpuCount: 1, memorySize: 1 << 20, extra: items)
    var bus = SystemBus()
    let wires = PCIWires(on: self)
    var functions: [Disk] = []
    for (number, image) in images.enumerated() {
      functions.append(
        FunctionSlot(
          VirtioPCI(VirtioBlock(sectorCount: UInt64(image.count / 512)), memory: memory),
          at: FunctionAddress(slot: number + 1), Placement("disk\(number)"), wires: wires, on: self))
    }
    disks.withLock { $0 = functions }
    let serial = Slot(UART16550(), UART16550.placement, on: self)
    self.serial.withLock { $0 = serial }
    try bus.add(serial)
    try bus.add(Slot(DebugExit(), DebugExit.placement, on: self))
    try bus.add(Slot(DebugConsole(), DebugConsole.placement, on: self))
    try bus.add(Slot(PowerManagement(), PowerManagement.placement, on: self))
    let clock = RealTimeClock(
      board: .init(lowMemory: memory.lowSize, highMemory: memory.highSize, cpuCount: 1),
      secondsSince1970: 1_000_000_000)
    try bus.add(Slot(clock, RealTimeClock.placement, on: self))
    var slots: [any PCISlot] = functions
    if hasDisplay {
      let display = FunctionSlot(
        DisplayAdapter(memorySize: Int(memory.videoSize), preferred: (1280, 800)), at: FunctionAddress(slot: 0x1E), Placement("display"), wires: wires,
        on: self)
      self.display.withLock { $0 = display }
      slots.append(display)
      try bus.add(FixedPorts(of: display))
      let keyboard = Slot(KeyboardController(), KeyboardController.placement, on: self)
      self.keyboard.withLock { $0 = keyboard }
      try bus.add(keyboard)
      let controllers = Slot(LegacyPIC(), LegacyPIC.placement, on: self)
      self.controllers.withLock { $0 = controllers }
      try bus.add(controllers)
    }
    try bus.add(HostBridge(slots, wires: wires, on: self))
    let config = Slot(FirmwareConfig(memory: Direct(memory: memory)), FirmwareConfig.placement, on: self)
    self.config.withLock { $0 = config }
    try bus.add(config)
    self.bus.withLock { $0 = bus }
  }

  var console: String { String(decoding: record.withLock { $0.serial }.filter { $0 != 0x0D }, as: UTF8.self) }
  var exitCode: UInt8? { record.withLock { $0.exitCode } }

  func carryOut(_ cycle: Cycle, of placement: Placement) {
    if let byte = cycle.byte, placement.ports.first == Platform.serial { record.withLock { $0.serial.append(byte) } }
    if cycle.effects.contains(.clearVideo) { memory.clearVideo() }
    if case .exit(let code)? = cycle.power { record.withLock { if $0.exitCode == nil { $0.exitCode = code } } }
    guard cycle.changes.contains(.work) else { return }
    if let config = config.withLock({ $0 }), placement.name == config.placement.name {
      while let request = config.access({ config, _ in config.request }) {
        config.access { config, cycle in config.complete(request, with: shelf.bytes(request), &cycle) }
      }
    }
    for (number, disk) in disks.withLock({ $0 }).enumerated() where disk.placement.name == placement.name {
      while let request = disk.access({ $0.take(1, &$1).first }) {
        let ok = serve(request, on: number)
        disk.access { $0.complete([BlockAnswer(to: request, flaw: ok ? nil : "it is broken")], &$1) }
      }
    }
  }

  private func serve(_ request: BlockRequest, on disk: Int) -> Bool {
    if failsReads { return false }
    var offset = Int(request.sector) * 512
    do {
      for segment in request.segments {
        if request.operation == .read {
          let bytes = contents.withLock { Array($0[disk][offset..<offset + segment.count]) }
          try memory.write(bytes, at: segment.address)
        } else {
          let bytes = try memory.bytes(segment.count, at: segment.address)
          contents.withLock { $0[disk].replaceSubrange(offset..<offset + segment.count, with: bytes) }
        }
        offset += segment.count
      }
      return true
    } catch {
      return false
    }
  }

  // MARK: Hardware

  func input(_ width: AccessWidth, from port: Port) -> UInt32 {
    UInt32(truncatingIfNeeded: bus.withLock { $0 }.read(width, from: port))
  }

  func output(_ value: UInt32, _ width: AccessWidth, to port: Port) {
    bus.withLock { $0 }.write(UInt64(value), width, to: port)
  }

  func load(_ width: AccessWidth, at address: GuestAddress) -> UInt32 {
    if let bytes = try? memory.bytes(width.byteCount, at: address) {
      return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    return UInt32(truncatingIfNeeded: bus.withLock { $0 }.read(width, from: address))
  }

  func store(_ value: UInt32, _ width: AccessWidth, at address: GuestAddress) {
    let bytes = (0..<width.byteCount).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    if (try? memory.write(bytes, at: address)) == nil {
      bus.withLock { $0 }.write(UInt64(value), width, to: address)
    }
  }

  func copy(_ count: UInt32, from source: GuestAddress, to target: GuestAddress) {
    if let bytes = try? memory.bytes(Int(count), at: source) { try? memory.write(bytes, at: target) }
  }

  func fill(_ byte: UInt8, count: UInt32, at address: GuestAddress) {
    try? memory.fill(byte, count: Int(count), at: address)
  }

  func pause() {}

  var realModeCode: RealModeCode {
    RealModeCode(stubs: 0x1000, tick: 0x2000, ignore: 0x2008, systemConfiguration: 0x2010, disketteParameters: 0x2020, font: 0x3000)
  }

  func stop() { record.withLock { $0.isStopped = true } }
  func enterRealMode(_ entry: RealModeEntry) { record.withLock { $0.realMode = entry } }

  func enterKernel(at entry: GuestAddress, parameters: GuestAddress) {
    record.withLock { $0.kernel = (entry, parameters) }
  }

  func enterMultiboot(at entry: GuestAddress, information: GuestAddress) {
    record.withLock { $0.multiboot = (entry, information) }
  }
}

/// RAM for fw_cfg's DMA.
private final class Direct: DirectMemory {
  let memory: GuestMemory
  init(memory: GuestMemory) { self.memory = memory }
  func contains(_ address: GuestAddress, count: Int) -> Bool { memory.contains(address, count: count) }
  func copy(_ count: Int, from address: GuestAddress) -> [UInt8]? { try? memory.bytes(count, at: address) }
  func put(_ bytes: [UInt8], at address: GuestAddress) -> Bool { (try? memory.write(bytes, at: address)) != nil }
}
