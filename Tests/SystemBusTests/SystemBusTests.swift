import DeviceModel
import Primitives
import Synchronization
import SystemBus
import Testing

/// Four registers that remember, and raise their line while the first is not zero.
private struct Latch: Device {
  var bytes: [UInt8] = [0, 0, 0, 0]
  var deadline: Instant?

  mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    (0..<width.byteCount).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
  }
  mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    for i in 0..<width.byteCount { bytes[offset + i] = UInt8(truncatingIfNeeded: value >> UInt64(i * 8)) }
    cycle.interrupt = bytes[0] != 0
    deadline = bytes[1] == 0 ? nil : cycle.now + 1000
  }
  mutating func reset() { self = Latch() }
}

/// Says at which port it was asked.
private struct PortEcho: Device {
  mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { UInt64(offset) }
  mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {}
  mutating func reset() {}
}

/// Sends what is written to it to the host, except zeros.
private struct Bell: Device {
  var times: [Instant] = []
  static var dependsOnTime: Bool { false }
  mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { 0 }
  mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    times.append(cycle.now)
    if value != 0 { cycle.effects.append(.byte(UInt8(truncatingIfNeeded: value))) }
  }
  mutating func reset() {}
}

private final class RecordingBackplane: Backplane {
  let cycles = Mutex<[Cycle]>([])
  var now: Instant { .seconds(1) }
  func carryOut(_ cycle: Cycle, of placement: Placement) { cycles.withLock { $0.append(cycle) } }
}

@Suite struct SystemBusTests {
  private let backplane = RecordingBackplane()

  private func bus() throws -> SystemBus {
    var bus = SystemBus()
    try bus.add(Slot(Latch(), Placement("low", ports: [PortRange(0x100, count: 4)]), on: backplane))
    try bus.add(Slot(Latch(), Placement("high", memory: MemoryRange(0xFED0_0000, count: 4)), on: backplane))
    return bus
  }

  @Test("what begins at a port where nobody is goes to the subtractive target whole, unless it ends at somebody's")
  func subtractive() throws {
    var bus = try bus()
    bus.setSubtractive(Slot(PortEcho(), Placement("rest"), on: backplane))
    #expect(bus.read(.word, from: 0x201 as Port) == 0x201)
    #expect(bus.read(.byte, from: 0x101 as Port) == 0)
    #expect(bus.read(.word, from: 0xFF as Port) == 0x00FF)
  }

  @Test("PC-12 where nobody is, reads float high and writes vanish", arguments: AccessWidth.allCases)
  func openBus(width: AccessWidth) throws {
    let bus = try bus()
    bus.write(0, width, to: Port(0x200))
    #expect(bus.read(width, from: Port(0x200)) == width.mask)
    #expect(bus.read(width, from: GuestAddress(0xFFFF_FFFF_FFFF_FFFF)) == width.mask)
  }

  @Test("PC-14 an access over a device's end is split: the rest is open bus")
  func accessOverTheEnd() throws {
    let bus = try bus()
    bus.write(0x1122_3344, .dword, to: Port(0x102))
    #expect(bus.read(.dword, from: Port(0x102)) == 0xFFFF_3344)
    #expect(bus.read(.dword, from: Port(0xFE)) == 0x0000_FFFF)
  }

  @Test("a window does what is wholly in it, and leaves all else to the bus")
  func window() throws {
    let bus = try bus()
    let window = try #require(bus.window(at: 0x102))
    #expect(window.write(0x77, .byte, to: 0x103) && window.read(.byte, from: 0x103) == 0x77)
    #expect(!window.write(0x1122, .word, to: 0x103) && window.read(.word, from: 0x103) == nil)
    #expect(window.read(.byte, from: 0xFF) == nil && window.read(.byte, from: 0x104) == nil)
    #expect(bus.read(.byte, from: Port(0x103)) == 0x77 && bus.window(at: 0x104) == nil)
  }

  @Test("a device that does not depend on time is told none, and what it does has its time all the same")
  func timeless() throws {
    let bell = Slot(Bell(), Placement("bell", ports: [PortRange(0x300, count: 1)]), on: backplane)
    bell.write(0, .byte, at: 0)
    bell.write(1, .byte, at: 0)
    let cycles = backplane.cycles.withLock { $0 }
    #expect(cycles.count == 1 && cycles[0].now == .seconds(1) && cycles[0].byte == 1)
    #expect(bell.access { bell, _ in bell.times } == [.start, .start])
  }

  @Test func portsAndMemoryAreDifferentSpaces() throws {
    let bus = try bus()
    bus.write(0x5A, .byte, to: GuestAddress(0xFED0_0000))
    #expect(bus.read(.byte, from: GuestAddress(0xFED0_0000)) == 0x5A)
    #expect(bus.read(.byte, from: Port(0x100)) == 0)
  }

  @Test func twoDevicesInOnePlaceAreNamed() throws {
    var bus = try bus()
    let late = Slot(Latch(), Placement("late", ports: [PortRange(0x103, count: 4)]), on: backplane)
    #expect(throws: AddressConflict.self) { try bus.add(late) }
  }

  @Test func whatADeviceAsksForReachesTheBackplaneAfterwards() throws {
    let bus = try bus()
    bus.write(1, .byte, to: Port(0x100))
    #expect(backplane.cycles.withLock { $0.last?.interrupt } == true)
  }

  @Test func aMovedDeadlineIsNoticed() throws {
    let bus = try bus()
    bus.write(1, .byte, to: Port(0x101))
    #expect(backplane.cycles.withLock { $0.last?.changes.contains(.deadline) } == true)
  }

  @Test func aQuietCycleReachesNobody() throws {
    let bus = try bus()
    _ = bus.read(.byte, from: Port(0x102))
    #expect(backplane.cycles.withLock { $0.isEmpty })
  }
}
