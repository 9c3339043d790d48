import Primitives
import SystemBus
import Testing

@Suite("Windows of memory that move")
struct WindowMapTests {
  private let map = WindowMap<String>([
    (MemoryRange(0x1000, count: 0x100), "first"),
    (MemoryRange(0x0F80, count: 0x200), "behind"),
    (MemoryRange(0x4000, count: 0x10), "far"),
  ])

  private func owner(_ address: GuestAddress, _ count: Int = 1) -> String? { map.find(address, count: count)?.owner }

  @Test("an address belongs to the first window that holds it, at an offset from that window's start")
  func overlap() {
    #expect(owner(0x1000) == "first" && owner(0x10FF) == "first")
    #expect(owner(0x0F80) == "behind" && owner(0x1100) == "behind" && owner(0x117F) == "behind")
    #expect(map.find(0x1108, count: 4)?.offset == 0x188)
    #expect(owner(0x400F) == "far")
  }

  @Test("nobody answers beside the windows, or for an access that leaves one")
  func outside() {
    for address: GuestAddress in [0, 0xF7F, 0x1180, 0x3FFF, 0x4010, GuestAddress(.max)] { #expect(owner(address) == nil) }
    #expect(owner(0x400C, 4) == "far" && owner(0x400D, 4) == nil && owner(0x4008, 8) == "far")
    #expect(WindowMap<String>().find(0, count: 1) == nil)
  }

  @Test("a window that others cover wholly is nowhere, one in the middle cuts another in two")
  func cuts() {
    let map = WindowMap<Int>([(MemoryRange(0x20, count: 0x10), 1), (MemoryRange(0, count: 0x100), 2), (MemoryRange(0x40, count: 4), 3)])
    #expect([0, 0x1F, 0x20, 0x2F, 0x30, 0x40, 0xFF].map { map.find($0, count: 1)?.owner } == [2, 2, 1, 1, 2, 2, 2])
  }
}
