import DeviceModel
import PCI
import PCIBus
import Primitives
import SystemBus
import Testing

@Suite("Doorbells of PCI functions")
struct DoorbellTests {
  private func places(_ bench: Bench) -> [UInt64] { bench.bridge.doorbells.map(\.address.value) }

  @Test("doorbells are where their window is decoded")
  func place() throws {
    let bench = try Bench(lamps: [1, 2])
    #expect(places(bench) == [])
    bench.place(1, at: 0xC000_0000)
    bench.place(2, at: 0xC000_1000)
    #expect(places(bench) == [0xC000_0000, 0xC000_1000])
    let moves = bench.backplane.seen.windowMoves
    bench.setConfig(5, 1, 0x3C, .byte)
    #expect(bench.backplane.seen.windowMoves == moves)
    bench.setConfig(0xD000_0000, 1, 0x10)
    #expect(bench.backplane.seen.windowMoves == moves + 1)
    #expect(places(bench) == [0xD000_0000, 0xC000_1000])
    bench.setConfig(0, 1, 4, .word)
    #expect(places(bench) == [0xC000_1000])
    bench.bridge.reset()
    #expect(places(bench) == [])
  }

  @Test("a doorbell rings its own function")
  func ring() throws {
    let bench = try Bench(lamps: [1, 2])
    bench.place(1, at: 0xC000_0000)
    bench.place(2, at: 0xC000_1000)
    let bell = try #require(bench.bridge.doorbells.last)
    bell.ring()
    #expect(bench.bus.read(.dword, from: 0xC000_0000 as GuestAddress) == 0)
    #expect(bench.bus.read(.dword, from: 0xC000_1000 as GuestAddress) == 1)
  }

  @Test("what a lower function or configuration space covers is no doorbell")
  func covered() throws {
    let bench = try Bench(lamps: [1, 2])
    bench.place(1, at: 0xC000_0000)
    bench.place(2, at: 0xC000_0000)
    #expect(places(bench) == [0xC000_0000])
    bench.setConfig(0xC000_0001, 0, 0x60)
    #expect(places(bench) == [])
  }

  @Test("registers that only prepare an access are where their window is decoded, and nothing lies over them")
  func selectors() throws {
    let bench = try Bench(lamps: [1, 2])
    #expect(bench.bridge.selectors == [])
    bench.place(1, at: 0xC000_0000)
    bench.place(2, at: 0xC000_0000)
    #expect(bench.bridge.selectors == [.memory(MemoryRange(0xC000_0FF0, count: 16))])
    bench.place(2, at: 0xFEC0_0000)
    #expect(bench.bridge.selectors == [.memory(MemoryRange(0xC000_0FF0, count: 16))])
    bench.place(2, at: 0xD000_0000)
    #expect(bench.bridge.selectors.last == .memory(MemoryRange(0xD000_0FF0, count: 16)))
  }

  @Test("a window over RAM or the interrupt controllers has no doorbells", arguments: [0x10_0000, 0xFEC0_0000, 0xFEE0_0000])
  func elsewhere(address: UInt64) throws {
    let bench = try Bench()
    bench.place(1, at: address)
    #expect(places(bench) == [])
  }
}
