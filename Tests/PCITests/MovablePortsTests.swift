import DeviceModel
import PCI
import PCIBus
import Primitives
import SystemBus
import Testing

/// Four bytes that remember.
private struct Bytes: Device {
  var bytes: [UInt8] = [0, 0, 0, 0]
  mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { width.value { bytes[offset + $0] } }
  mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    width.forEachByte(of: value) { bytes[offset + $0] = $1 }
  }
  mutating func reset() {}
}

@Suite("Ports that the guest moves") struct MovablePortsTests {
  @Test("PC-10 the block answers where the LPC bridge has it now, and only to what is wholly inside")
  func moves() throws {
    let bench = try Bench()
    var bus = bench.bus
    let block = Slot(Bytes(), Placement("block", ports: [PortRange(0x600, count: 4)]), on: bench.backplane)
    try bus.addMemory(of: block)
    bus.setSubtractive(MovablePorts(of: block, behind: bench.bridge))
    let register = bench.ecam(0x1F, 0x40)
    bus.write(0x201, .dword, to: register)
    bus.write(0x5A, .byte, to: 0x201 as Port)
    #expect(bus.read(.dword, from: 0x200 as Port) == 0x5A00)
    #expect(bus.read(.word, from: 0x203 as Port) == 0xFFFF)
    #expect(bus.read(.word, from: 0x1FF as Port) == 0xFFFF)
    bus.write(0x401, .dword, to: register)
    #expect(bus.read(.byte, from: 0x401 as Port) == 0x5A)
    #expect(bus.read(.byte, from: 0x201 as Port) == 0xFF)
    bus.write(0, .byte, to: bench.ecam(0x1F, 0x44))
    #expect(bus.read(.byte, from: 0x401 as Port) == 0xFF, "the block is not decoded")
  }
}
