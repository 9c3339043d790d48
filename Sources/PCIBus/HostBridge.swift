public import DeviceModel
public import PCI
public import Primitives
import Synchronization
public import SystemBus

/// The way from the processors to PCI: configuration ports, configuration space in memory, and the memory window.
///
/// It sits on the bus once and for good; what a guest moves (ECAM, windows) moves inside. Where things
/// overlap, ECAM wins over windows and the lowest function over the others.
public final class HostBridge: BusTarget {
  private struct Ports: Sendable {
    var address: UInt32 = 0
    var resetControl = ResetControl()
  }

  public static let placement = Placement(
    "PCI host bridge", ports: [PortRange(Platform.pciConfigAddress, count: 8)],
    memory: MemoryRange(Platform.ecam.first, through: Platform.pciMemory.last),
    selector: .ports(PortRange(Platform.pciConfigAddress, count: 4)))

  /// Where the chipset's own functions are.
  public static let memoryControllerAddress = FunctionAddress(slot: 0)
  public static let lpcBridgeAddress = FunctionAddress(slot: 0x1F)

  public var placement: Placement { Self.placement }
  private let memoryController: FunctionSlot<MemoryController>
  private let lpc: FunctionSlot<LPCBridge>
  /// Every function, lowest address first.
  public let slots: [any PCISlot]
  private let wires: PCIWires
  private let ports = Mutex(Ports())
  private let backplane: any Backplane

  /// Two functions in one place, or in a chipset function's place, are our own mistake.
  ///
  /// - Parameter watched: puts an observer before a function, or not.
  public init(
    _ functions: [any PCISlot], wires: PCIWires, on backplane: any Backplane,
    watched: (any PCISlot) -> any PCISlot = { $0 }
  ) {
    memoryController = FunctionSlot(
      MemoryController(), at: Self.memoryControllerAddress, Placement("memory controller"), wires: wires, on: backplane)
    lpc = FunctionSlot(
      LPCBridge(), at: Self.lpcBridgeAddress, Placement("LPC bridge"), wires: wires, on: backplane)
    slots = (functions + [memoryController, lpc]).sorted { $0.address < $1.address }.map(watched)
    for place in slots.indices.dropFirst() {
      precondition(slots[place - 1].address < slots[place].address, "each function has its own address")
    }
    self.wires = wires
    self.backplane = backplane
    for slot in slots { wires.moveWindows(of: slot.address) { slot.windows } }
  }

  // MARK: What the chipset is programmed to

  /// The seven PAM registers, for `ShadowControl`.
  public var shadow: [UInt8] { memoryController.inspect { $0.shadow } }
  /// Programs them as firmware would; the caller lays out memory.
  public func setShadow(_ bytes: [UInt8]) { memoryController.access { controller, _ in controller.shadow = bytes } }
  /// Connects PCI's interrupts with the PIC's lines as firmware would, and tells each function's driver which it has.
  public func connectInterrupts() {
    for wire in 0..<PCIRouting.wireCount {
      lpc.writeConfiguration(UInt64(PCIRouting.line(ofWire: wire)), .byte, at: PCIRouting.register(ofWire: wire))
    }
    for slot in slots {
      let pin = Int(slot.readConfiguration(.byte, at: ConfigurationSpace.Register.interruptPin))
      guard pin > 0 else { continue }
      let line = PCIRouting.line(ofWire: slot.address.interruptIndex(pin: pin - 1))
      slot.writeConfiguration(UInt64(line), .byte, at: ConfigurationSpace.Register.interruptLine)
    }
    reroute()
  }
  /// Gives every memory window of the functions a place, the lowest first, as firmware would. They are off: their drivers switch
  /// them on, and an operating system that sizes them need not switch each off and on for that.
  public func placeWindows() {
    var free = Platform.pciMemory.first.value
    for slot in slots {
      for index in 0..<6 {
        let register = ConfigurationSpace.Register.firstBaseAddress + 4 * index
        slot.writeConfiguration(0xFFFF_FFFF, .dword, at: register)
        let mask = slot.readConfiguration(.dword, at: register) & 0xFFFF_FFF0
        guard mask != 0 else { continue }
        let size = 0x1_0000_0000 - mask
        let place = (free + size - 1) & mask
        slot.writeConfiguration(place, .dword, at: register)
        free = place + size
      }
    }
  }
  /// Where configuration space is in memory; nil while it is off.
  public var ecam: MemoryRange? { memoryController.inspect { $0.ecam } }
  /// The first port of the PM block; nil while it is not decoded.
  public var pmBase: Port? { lpc.inspect { $0.pmBase } }

  /// The doorbells that a write on the bus would reach.
  public var doorbells: [Doorbell] {
    slots.flatMap { slot in slot.doorbells.filter { reaches(slot, at: $0.address, count: 1) } }
  }

  /// The registers of functions that only prepare an access, where a write on the bus would reach them.
  public var selectors: [SelectRegister] {
    slots.flatMap { slot in slot.selectors.filter { reaches(slot, at: $0.first, count: Int($0.count)) }.map(SelectRegister.memory) }
  }

  /// Whether an access there is this function's, and nothing lies over it.
  private func reaches(_ slot: any PCISlot, at address: GuestAddress, count: Int) -> Bool {
    Platform.pciMemory.contains(address) && wires.find(address, count: count)?.owner.function == slot.address
  }

  /// Whether a function answers for an access to this target, and not the bridge itself or nobody.
  public func handsOn(_ offset: Int) -> Bool {
    if offset < 8 {
      let address = ports.withLock { $0.address }
      return offset >= 4 && address[bit: 31] && address[bits: 16...23] == 0 && slot(Int(address[bits: 8...15])) != nil
    }
    guard let found = wires.find(address(offset), count: 1) else { return false }
    guard found.owner.function == memoryController.address else { return true }
    let place = Self.configurationPlace(found.offset)
    return place.bus == 0 && slot(place.devfn) != nil
  }

  // MARK: BusTarget

  /// Memory follows the eight ports.
  private func address(_ offset: Int) -> GuestAddress { Platform.ecam.first + (offset - 8) }

  public func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    offset < 8 ? readPort(width, at: offset) : readMemory(width, at: address(offset))
  }

  public func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    if offset < 8 { writePort(value, width, at: offset) } else { writeMemory(value, width, at: address(offset)) }
  }

  public func reset() {
    ports.withLock { $0 = Ports() }
    for slot in slots { slot.reset() }
    reroute()
    var cycle = Cycle(at: backplane.now)
    cycle.changes.insert(.memoryMap)
    cycle.changes.insert(.windows)
    cycle.changes.insert(.tables)
    backplane.carryOut(cycle, of: placement)
  }

  public var deadline: Instant? { slots.compactMap(\.deadline).min() }

  public func advance() {
    let now = backplane.now
    for slot in slots {
      if let deadline = slot.deadline, deadline <= now { slot.advance() }
    }
  }

  // MARK: Configuration space

  private func slot(_ devfn: Int) -> (any PCISlot)? {
    let place = slots.firstIndexBehind { $0.address.devfn < devfn }
    return place < slots.count && slots[place].address.devfn == devfn ? slots[place] : nil
  }

  /// One access in one function; more than a doubleword, or over its border, nobody answers.
  private func readConfiguration(bus: Int, devfn: Int, _ width: AccessWidth, at offset: Int) -> UInt64 {
    guard bus == 0, width != .qword, (offset & 3) + width.byteCount <= 4, let slot = slot(devfn) else {
      return width.ones
    }
    return slot.readConfiguration(width, at: offset)
  }

  private func writeConfiguration(bus: Int, devfn: Int, _ value: UInt64, _ width: AccessWidth, at offset: Int) {
    guard bus == 0, width != .qword, (offset & 3) + width.byteCount <= 4, let slot = slot(devfn) else { return }
    slot.writeConfiguration(value, width, at: offset)
    if slot.address == lpc.address { reroute() }
  }

  private func reroute() { wires.reroute({ lpc.inspect { $0.routes } }, for: lpc.placement.name) }

  // MARK: Ports 0xCF8 to 0xCFF

  private func readPort(_ width: AccessWidth, at offset: Int) -> UInt64 {
    switch (offset, width) {
    case (0, .dword): return ports.withLock { UInt64($0.address) }
    case (1, .byte):
      var cycle = Cycle(at: backplane.now)
      return ports.withLock { $0.resetControl.read(width, at: 0, &cycle) }
    case (4..., _) where offset + width.byteCount <= 8:
      let address = ports.withLock { $0.address }
      guard address[bit: 31] else { return width.ones }
      return readConfiguration(
        bus: Int(address[bits: 16...23]), devfn: Int(address[bits: 8...15]), width,
        at: Int(address & 0xFC) + offset - 4)
    default: return width.ones
    }
  }

  private func writePort(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    switch (offset, width) {
    case (0, .dword):
      ports.withLock { $0.address = UInt32(truncatingIfNeeded: value) & 0x80FF_FFFC }
    case (1, .byte):
      var cycle = Cycle(at: backplane.now)
      ports.withLock { $0.resetControl.write(value, width, at: 0, &cycle) }
      backplane.carryOut(cycle, of: placement)
    case (4..., _) where offset + width.byteCount <= 8:
      let address = ports.withLock { $0.address }
      guard address[bit: 31] else { return }
      writeConfiguration(
        bus: Int(address[bits: 16...23]), devfn: Int(address[bits: 8...15]), value, width,
        at: Int(address & 0xFC) + offset - 4)
    default: return
    }
  }

  // MARK: Memory

  /// Bus, function and register of an offset in ECAM.
  private static func configurationPlace(_ offset: Int) -> (bus: Int, devfn: Int, register: Int) {
    (offset >> 20, offset >> 12 & 0xFF, offset & 0xFFF)
  }

  private func readMemory(_ width: AccessWidth, at address: GuestAddress) -> UInt64 {
    guard let found = wires.find(address, count: width.byteCount) else { return width.ones }
    guard found.owner.function == memoryController.address else {
      let value = slot(found.owner.function.devfn)?.readMemory(bar: found.owner.bar, width, at: found.offset)
      return value.map { $0 & width.mask } ?? width.ones
    }
    let place = Self.configurationPlace(found.offset)
    return readConfiguration(bus: place.bus, devfn: place.devfn, width, at: place.register)
  }

  private func writeMemory(_ value: UInt64, _ width: AccessWidth, at address: GuestAddress) {
    guard let found = wires.find(address, count: width.byteCount) else { return }
    guard found.owner.function == memoryController.address else {
      slot(found.owner.function.devfn)?.writeMemory(value, bar: found.owner.bar, width, at: found.offset)
      return
    }
    let place = Self.configurationPlace(found.offset)
    writeConfiguration(bus: place.bus, devfn: place.devfn, value, width, at: place.register)
  }
}
