import DeviceModel
import PCI
import PCIBus
import Primitives
import Synchronization
import SystemBus

/// A machine that only remembers what devices asked of it.
final class RecordingBackplane: Backplane {
  struct Record: Sendable {
    var levels: [Int: Bool] = [:]
    var power: [PowerRequest] = []
    var messages: [MSIMessage] = []
    var mapChanges = 0
    var windowMoves = 0
    var outdatedTables = 0
  }
  let record = Mutex(Record())
  var now: Instant { .start }

  func carryOut(_ cycle: Cycle, of placement: Placement) {
    record.withLock {
      if let level = cycle.interrupt, let line = placement.line { $0.levels[line] = level }
      if let power = cycle.power { $0.power.append(power) }
      $0.messages += cycle.messages
      if cycle.changes.contains(.memoryMap) { $0.mapChanges += 1 }
      if cycle.changes.contains(.windows) { $0.windowMoves += 1 }
      if cycle.changes.contains(.tables) { $0.outdatedTables += 1 }
    }
  }
  var seen: Record { record.withLock { $0 } }
}

/// A function with one 4 KiB window of one register, whose value is also its pin.
struct Lamp: PCIFunction {
  var space: ConfigurationSpace
  let window: BaseAddress
  var value: UInt64 = 0

  init() {
    space = ConfigurationSpace(Identity(vendor: 0x1234, device: 0x5678, revision: 1, classCode: 0xFF_0000), pin: 0)
    window = space.addBaseAddress(0, byteCount: 4096)
  }
  mutating func readConfiguration(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    space.read(width, at: offset)
  }
  mutating func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    space.write(value, width, at: offset)
  }
  var windows: [PCIWindow] { window.window(in: space).map { [$0] } ?? [] }
  mutating func read(bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { value }
  mutating func write(_ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    self.value = value
  }
  /// The whole window is one bell, and ringing it turns the lamp on.
  var doorbells: [GuestAddress] { window.place(in: space).map { [$0] } ?? [] }
  mutating func ring(_ index: Int, _ cycle: inout Cycle) { value = 1 }
  /// And so are its last sixteen bytes what comes before.
  var selectors: [MemoryRange] { window.place(in: space).map { [MemoryRange($0 + 4080, count: 16)] } ?? [] }
  mutating func reset(_ cycle: inout Cycle) {
    space.reset()
    value = 0
  }
  var interruptLevel: Bool { value != 0 }
}

/// A bus with the bridge and a lamp in each of some slots.
struct Bench {
  let backplane = RecordingBackplane()
  let bridge: HostBridge
  let bus: SystemBus

  init(lamps: [Int] = [1]) throws {
    let wires = PCIWires(on: backplane)
    let backplane = backplane
    let slots = lamps.map {
      FunctionSlot(Lamp(), at: FunctionAddress(slot: $0), Placement("lamp"), wires: wires, on: backplane)
    }
    bridge = HostBridge(slots, wires: wires, on: backplane)
    var bus = SystemBus()
    try bus.add(bridge)
    self.bus = bus
  }

  func ecam(_ slot: Int, _ register: Int, function: Int = 0, bus: Int = 0) -> GuestAddress {
    Platform.ecam.first + (bus << 20 | slot << 15 | function << 12 | register)
  }
  func config(_ slot: Int, _ register: Int, _ width: AccessWidth = .dword) -> UInt64 {
    bus.read(width, from: ecam(slot, register))
  }
  func setConfig(_ value: UInt64, _ slot: Int, _ register: Int, _ width: AccessWidth = .dword) {
    bus.write(value, width, to: ecam(slot, register))
  }
  /// Puts a lamp's window somewhere and turns decoding on.
  func place(_ slot: Int, at address: UInt64) {
    setConfig(address, slot, 0x10)
    setConfig(2, slot, 4, .word)
  }
  func selectPort(_ slot: Int, _ register: UInt64) {
    bus.write(1 << 31 | UInt64(slot) << 11 | register, .dword, to: 0xCF8 as Port)
  }
}
