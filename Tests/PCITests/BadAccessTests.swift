import DeviceModel
import PCI
import Primitives
import SystemBus
import Testing

@Suite("Accesses that no correct guest makes")
struct BadAccessTests {
  @Test(
    "PC-07 a window outside the PCI hole answers nowhere",
    arguments: [0, 0x1000, 0xFEC0_0000, 0xFEE0_0000, 0xFFFF_F000, 0xFFFF_FFFF] as [UInt64])
  func strayWindows(base: UInt64) throws {
    let bench = try Bench()
    bench.place(1, at: base)
    #expect(bench.bus.read(.dword, from: GuestAddress(base & ~0xFFF)) == 0xFFFF_FFFF)
    #expect(bench.config(1, 0x10) == base & 0xFFFF_F000)
  }

  @Test("PC-07 the lowest slot wins where windows overlap")
  func overlap() throws {
    let bench = try Bench(lamps: [4, 2])
    bench.place(2, at: 0xC000_0000)
    bench.place(4, at: 0xC000_0000)
    bench.bus.write(7, .dword, to: GuestAddress(0xC000_0000))
    bench.setConfig(0, 2, 4, .word)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xC000_0000)) == 0)
    bench.setConfig(0, 4, 4, .word)
    bench.setConfig(2, 2, 4, .word)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xC000_0000)) == 7)
  }

  @Test("PC-07 a window over ECAM is invisible")
  func windowOverConfiguration() throws {
    let bench = try Bench()
    bench.place(1, at: 0xB000_0000)
    #expect(bench.config(0, 0) == 0x29C0_8086)
  }

  @Test("PC-07 without memory decoding a window is not there")
  func decodingOff() throws {
    let bench = try Bench()
    bench.place(1, at: 0xC000_0000)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xC000_0000)) == 0)
    bench.setConfig(0, 1, 4, .word)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xC000_0000)) == 0xFFFF_FFFF)
  }

  @Test("PC-08 sizing shows the window's size, with decoding on too")
  func sizing() throws {
    let bench = try Bench()
    bench.place(1, at: 0xC000_0000)
    bench.setConfig(0xFFFF_FFFF, 1, 0x10)
    #expect(bench.config(1, 0x10) == 0xFFFF_F000)
    bench.setConfig(0, 1, 0x10)
    for i in 0..<4 { bench.setConfig(0xFF, 1, 0x10 + i, .byte) }
    #expect(bench.config(1, 0x10) == 0xFFFF_F000)
    bench.setConfig(0xFFFF_FFFF, 1, 0x14)
    #expect(bench.config(1, 0x14) == 0)
  }

  @Test("PC-09 read-only registers stay as they are", arguments: [0, 1, 4, 0x1F])
  func readOnly(slot: Int) throws {
    let bench = try Bench()
    let fixed = [0x00, 0x08, 0x0C, 0x2C, 0x34]
    let before = fixed.map { bench.config(slot, $0) }
    for register in stride(from: 0, to: 256, by: 4) where slot != 0 || register & ~4 != 0x60 {
      bench.setConfig(0xFFFF_FFFF, slot, register)
      bench.setConfig(0xA5, slot, register + 1, .byte)
    }
    #expect(fixed.map { bench.config(slot, $0) } == before)
  }

  @Test("PC-09 an absent function reads all ones and ignores writes")
  func absent() throws {
    let bench = try Bench()
    for (slot, function) in [(9, 0), (1, 1), (0x1F, 2), (0, 7)] {
      let address = bench.ecam(slot, 0, function: function)
      bench.bus.write(0, .dword, to: address)
      #expect(bench.bus.read(.dword, from: address) == 0xFFFF_FFFF)
      #expect(bench.bus.read(.byte, from: address) == 0xFF)
    }
  }

  @Test("PC-10 ECAM answers accesses inside a doubleword of bus 0, and no others")
  func ecamWidths() throws {
    let bench = try Bench()
    #expect(bench.bus.read(.qword, from: bench.ecam(1, 0)) == .max)
    #expect(bench.bus.read(.dword, from: bench.ecam(1, 2)) == 0xFFFF_FFFF)
    #expect(bench.bus.read(.word, from: bench.ecam(1, 3)) == 0xFFFF)
    #expect(bench.bus.read(.word, from: bench.ecam(1, 1)) == 0x7812)
    #expect(bench.bus.read(.dword, from: bench.ecam(1, 0xFFE)) == 0xFFFF_FFFF)
    #expect(bench.bus.read(.dword, from: bench.ecam(1, 0xFC)) == 0)
    #expect(bench.bus.read(.dword, from: bench.ecam(1, 0x100)) == 0xFFFF_FFFF, "no function has extended capabilities")
    #expect(bench.bus.read(.dword, from: bench.ecam(1, 0, bus: 1)) == 0xFFFF_FFFF)
    #expect(bench.bus.read(.dword, from: bench.ecam(1, 0, bus: 255)) == 0xFFFF_FFFF)
  }

  @Test("PC-10 every width at every offset of a function is survived")
  func everyWidth() throws {
    let bench = try Bench()
    for width in AccessWidth.allCases {
      for offset in 0..<4100 {
        bench.bus.write(0xDEAD_BEEF_DEAD_BEEF, width, to: bench.ecam(1, offset))
        #expect(bench.bus.read(width, from: bench.ecam(1, offset)) <= width.mask)
      }
    }
    #expect(bench.config(1, 0) == 0x5678_1234)
  }

  @Test("PC-11 the data port is empty while the address is off")
  func disabledAddress() throws {
    let bench = try Bench()
    bench.bus.write(0x0000_0800, .dword, to: 0xCF8 as Port)
    #expect(bench.bus.read(.dword, from: 0xCFC as Port) == 0xFFFF_FFFF)
    bench.bus.write(0, .dword, to: 0xCFC as Port)
  }

  @Test("PC-11 only a whole doubleword changes the address")
  func narrowAddress() throws {
    let bench = try Bench()
    bench.selectPort(1, 0)
    bench.bus.write(0xFF, .byte, to: 0xCF8 as Port)
    bench.bus.write(0xFFFF, .word, to: 0xCFA as Port)
    #expect(bench.bus.read(.dword, from: 0xCF8 as Port) == 0x8000_0800)
    #expect(bench.bus.read(.byte, from: 0xCF8 as Port) == 0xFF)
    bench.bus.write(0xFFFF_FFFF, .dword, to: 0xCF8 as Port)
    #expect(bench.bus.read(.dword, from: 0xCF8 as Port) == 0x80FF_FFFC)
  }

  @Test("PC-11 a data access over its doubleword's end is nobody's")
  func straddlingData() throws {
    let bench = try Bench()
    bench.selectPort(1, 0)
    #expect(bench.bus.read(.word, from: 0xCFF as Port) == 0xFF56)
  }

  @Test("PC-12 memory without a window reads all ones", arguments: AccessWidth.allCases)
  func nobody(width: AccessWidth) throws {
    let bench = try Bench()
    bench.bus.write(0, width, to: GuestAddress(0xC123_4567))
    #expect(bench.bus.read(width, from: GuestAddress(0xC123_4567)) == width.ones)
  }

  @Test("PC-14 an access over a window's end is nobody's")
  func windowEnd() throws {
    let bench = try Bench()
    bench.place(1, at: 0xC000_0000)
    bench.bus.write(5, .dword, to: GuestAddress(0xC000_0FFC))
    #expect(bench.bus.read(.dword, from: GuestAddress(0xC000_0FFC)) == 5)
    #expect(bench.bus.read(.dword, from: GuestAddress(0xC000_0FFE)) == 0xFFFF_FFFF)
    #expect(bench.bus.read(.qword, from: GuestAddress(0xFEBF_FFFC)) == .max)
  }
}
