import DeviceModel
import PCI
import PCIBus
import Primitives
import SystemBus
import Testing

@Suite("The host bridge")
struct HostBridgeTests {
  @Test("the chipset says it is a q35 on the platform that firmware knows")
  func identities() throws {
    let bench = try Bench()
    #expect(bench.config(0, 0) == 0x29C0_8086)
    #expect(bench.config(0, 0x2C) == 0x1100_1AF4)
    #expect(bench.config(0, 8) == 0x0600_0000)
    #expect(bench.config(0x1F, 0) == 0x2918_8086)
    #expect(bench.config(0x1F, 0x2C) == 0x1100_1AF4)
    #expect(bench.config(0x1F, 0xE, .byte) == 0, "nobody needs to look for more functions in a slot")
  }

  @Test("the chipset starts with the PM block and ECAM in place")
  func resetDefaults() throws {
    let bench = try Bench()
    #expect(bench.config(0x1F, 0x40) == 0x601)
    #expect(bench.config(0x1F, 0x44, .byte) == 0x80)
    #expect(bench.config(0, 0x60) == 0xB000_0001)
    #expect(bench.bridge.pmBase == 0x600)
    #expect(bench.bridge.shadow == [0, 0, 0, 0, 0, 0, 0])
  }

  @Test("BZ-04 firmware that needs system management mode is told so, instead of waiting for ever")
  func managementMode() throws {
    let bench = try Bench()
    bench.setConfig(0x3E, 0, 0x9E, .byte)
    bench.setConfig(0x0A, 0, 0x9D, .byte)
    #expect(bench.backplane.seen.power.isEmpty)
    bench.setConfig(0x3F << 16, 0, 0x9C)
    guard case .refused(let message)? = bench.backplane.seen.power.first else {
      Issue.record("not refused")
      return
    }
    #expect(message.contains("system management mode"))
  }

  @Test("the PM block moves where firmware puts it")
  func pmBase() throws {
    let bench = try Bench()
    bench.setConfig(0xE401, 0x1F, 0x40)
    #expect(bench.config(0x1F, 0x40) == 0xE401)
    #expect(bench.bridge.pmBase == 0xE400)
    bench.setConfig(0, 0x1F, 0x44, .byte)
    #expect(bench.bridge.pmBase == nil)
  }

  @Test("what the ACPI tables tell is outdated when the PM block or ECAM moves, and only then")
  func outdatedTables() throws {
    let bench = try Bench()
    bench.setConfig(0x601, 0x1F, 0x40)
    bench.setConfig(0xB000_0001, 0, 0x60)
    #expect(bench.backplane.seen.outdatedTables == 0)
    bench.setConfig(0xE401, 0x1F, 0x40)
    #expect(bench.backplane.seen.outdatedTables == 1)
    bench.setConfig(0xE000_0001, 0, 0x60)
    #expect(bench.backplane.seen.outdatedTables == 2)
  }

  /// Slot 1's pin is PIRQF, global interrupt 21; slot 2's is PIRQG, 22.
  @Test("a PCI interrupt reaches the legacy line that firmware routes it to, as long as it does")
  func routes() throws {
    let bench = try Bench(lamps: [1, 2])
    bench.place(1, at: 0xC000_0000)
    bench.bus.write(1, .dword, to: 0xC000_0000 as GuestAddress)
    #expect(bench.backplane.seen.levels == [21: true])
    bench.setConfig(0x0A, 0x1F, 0x69, .byte)
    #expect(bench.backplane.seen.levels == [21: true, 10: true])
    bench.setConfig(0x0B, 0x1F, 0x69, .byte)
    #expect(bench.backplane.seen.levels == [21: true, 10: false, 11: true])
    bench.setConfig(0x8B, 0x1F, 0x69, .byte)
    #expect(bench.backplane.seen.levels == [21: true, 10: false, 11: false])
  }

  @Test("without firmware, each function with a pin has the legacy line that its wire leads to")
  func connected() throws {
    let bench = try Bench(lamps: [2, 5])
    bench.bridge.connectInterrupts()
    #expect(bench.config(0x1F, 0x60) == 0x0B0B_0A0A)
    #expect(bench.config(0x1F, 0x68) == 0x0B0B_0A0A)
    #expect(bench.config(2, 0x3C, .byte) == 11)
    #expect(bench.config(5, 0x3C, .byte) == 10)
    #expect(bench.config(0x1F, 0x3C, .byte) == 0)
    bench.place(2, at: 0xC000_0000)
    bench.bus.write(1, .dword, to: 0xC000_0000 as GuestAddress)
    #expect(bench.backplane.seen.levels == [22: true, 11: true])
  }

  @Test("without firmware, each function's window has a place of its own where PCI's memory is, and answers once it is switched on")
  func placed() throws {
    let bench = try Bench(lamps: [2, 5])
    bench.bridge.placeWindows()
    #expect(bench.config(2, 0x10) == 0xC000_0000)
    #expect(bench.config(5, 0x10) == 0xC000_1000)
    bench.bus.write(1, .dword, to: 0xC000_1000 as GuestAddress)
    #expect(bench.backplane.seen.levels.isEmpty)
    bench.setConfig(2, 5, 4, .word)
    bench.bus.write(1, .dword, to: 0xC000_1000 as GuestAddress)
    #expect(bench.backplane.seen.levels == [21: true])
  }

  @Test("a legacy line is high while any of the wires that lead to it is")
  func sharedLegacyLine() throws {
    let bench = try Bench(lamps: [1, 2])
    bench.setConfig(0x0A0A_0A0A, 0x1F, 0x68)
    bench.place(1, at: 0xC000_0000)
    bench.place(2, at: 0xC000_1000)
    for (address, level) in [(0xC000_0000, 1), (0xC000_1000, 1), (0xC000_0000, 0)] as [(UInt64, UInt64)] {
      bench.bus.write(level, .dword, to: GuestAddress(address))
    }
    #expect(bench.backplane.seen.levels == [21: false, 22: true, 10: true])
    bench.bus.write(0, .dword, to: 0xC000_1000 as GuestAddress)
    #expect(bench.backplane.seen.levels[10] == false)
  }

  @Test("shadow RAM changes announce a new memory map, and reset undoes them")
  func shadow() throws {
    let bench = try Bench()
    bench.setConfig(0x3333_3330, 0, 0x90)
    #expect(bench.bridge.shadow == [0x30, 0x33, 0x33, 0x33, 0, 0, 0])
    #expect(bench.backplane.seen.mapChanges == 1)
    bench.setConfig(0x3333_3330, 0, 0x90)
    #expect(bench.backplane.seen.mapChanges == 1)
    bench.bridge.reset()
    #expect(bench.bridge.shadow == [0, 0, 0, 0, 0, 0, 0])
    #expect(bench.backplane.seen.mapChanges == 2)
  }

  @Test("ports and ECAM show the same registers")
  func ports() throws {
    let bench = try Bench()
    bench.selectPort(1, 0)
    #expect(bench.bus.read(.dword, from: 0xCFC as Port) == 0x5678_1234)
    #expect(bench.bus.read(.word, from: 0xCFE as Port) == 0x5678)
    #expect(bench.bus.read(.byte, from: 0xCFD as Port) == 0x12)
    bench.selectPort(1, 0x3C)
    bench.bus.write(11, .byte, to: 0xCFC as Port)
    #expect(bench.config(1, 0x3C, .byte) == 11)
  }

  @Test("ECAM moves to where U-Boot wants it")
  func ecamMoves() throws {
    let bench = try Bench()
    bench.selectPort(0, 0x60)
    bench.bus.write(0xE000_0001, .dword, to: 0xCFC as Port)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xE000_0000)) == 0x29C0_8086)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xB000_0000)) == 0xFFFF_FFFF)
    bench.bus.write(0, .dword, to: 0xCFC as Port)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xE000_0000)) == 0xFFFF_FFFF)
  }

  @Test("the reset control register resets on its third bit only")
  func resetControl() throws {
    let bench = try Bench()
    bench.bus.write(0x02, .byte, to: 0xCF9 as Port)
    #expect(bench.bus.read(.byte, from: 0xCF9 as Port) == 0x02)
    #expect(bench.backplane.seen.power.isEmpty)
    bench.bus.write(0x0E, .byte, to: 0xCF9 as Port)
    #expect(bench.backplane.seen.power == [.reset])
  }

  @Test("an interrupt pin drives the wire that _PRT names", arguments: [(2, 22), (5, 21), (28, 16), (1, 21), (3, 23)])
  func wires(slot: Int, line: Int) throws {
    let bench = try Bench(lamps: [slot])
    bench.place(slot, at: 0xC000_0000)
    bench.bus.write(1, .dword, to: GuestAddress(0xC000_0000))
    #expect(bench.backplane.seen.levels == [line: true])
    bench.bus.write(0, .dword, to: GuestAddress(0xC000_0000))
    #expect(bench.backplane.seen.levels == [line: false])
  }

  @Test("a shared wire stays high until nobody pulls it")
  func shared() throws {
    let bench = try Bench(lamps: [1, 5])
    bench.place(1, at: 0xC000_0000)
    bench.place(5, at: 0xC000_1000)
    bench.bus.write(1, .dword, to: GuestAddress(0xC000_0000))
    bench.bus.write(1, .dword, to: GuestAddress(0xC000_1000))
    bench.bus.write(0, .dword, to: GuestAddress(0xC000_0000))
    #expect(bench.backplane.seen.levels == [21: true])
    bench.bus.write(0, .dword, to: GuestAddress(0xC000_1000))
    #expect(bench.backplane.seen.levels == [21: false])
  }

  @Test("reset lets go of every wire and every window")
  func reset() throws {
    let bench = try Bench()
    bench.place(1, at: 0xC000_0000)
    bench.bus.write(1, .dword, to: GuestAddress(0xC000_0000))
    bench.bridge.reset()
    #expect(bench.backplane.seen.levels == [21: false])
    #expect(bench.bus.read(.dword, from: GuestAddress(0xC000_0000)) == 0xFFFF_FFFF)
  }
}
