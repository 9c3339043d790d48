import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

/// What a guest asks for at the end of RAM ends there.
@Suite("VC-02 the end of RAM") struct EndOfMemoryTests {
  private static let end: UInt64 = 16 << 20
  private static let wallClock: UInt32 = 0x4B56_4D00
  private static let clock: UInt32 = 0x4B56_4D01

  @Test("VC-02 A2 a clock's record that does not lie wholly in RAM is not written", arguments: [wallClock, clock], [2, 4, 30, 10, 31] as [UInt64])
  func clocks(msr: UInt32, size: UInt64) throws {
    let guest = try SystemGuest(.long)
    let fits = size >= (msr == Self.clock ? 30 : 12)
    try guest.memory.fill(0xA5, count: 64, at: GuestAddress(Self.end - 64))
    // The clock's lowest bit turns it on.
    try guest.core.writeMSR(msr, (Self.end - size) | (msr == Self.clock ? 1 : 0))
    let written = try guest.memory.bytes(64, at: GuestAddress(Self.end - 64)).contains { $0 != 0xA5 }
    #expect(written == fits)
  }

  @Test("VC-02 A2 a clock's record in no memory at all is nobody's", arguments: [end, 0xFEE0_0000, .max - 1, .max - 40, 1 << 63] as [UInt64])
  func nowhere(place: UInt64) throws {
    let guest = try SystemGuest(.long)
    try guest.core.writeMSR(Self.wallClock, place)
    try guest.core.writeMSR(Self.clock, place | 1)
  }

  @Test("VC-02 A2 the last entry of page tables at the end of RAM has no more than its own bytes")
  func lastEntry() throws {
    let guest = try SystemGuest(.paging32)
    let table = Self.end - 0x1000
    try guest.store32(table | 3, table + 0xFFC)
    guest.core[.cr3] = table
    guest.core.flushTranslations()
    // The last entry leads to the table itself, and there to the page at the end of addresses.
    let translation = try guest.core.translate(0xFFFF_FFF0, [])
    #expect(translation.physical == table + 0xFF0)
  }

  @Test("VC-02 A2 what is beyond the last page is the bus's, byte for byte")
  func bytes() throws {
    let guest = try SystemGuest(.segments)
    try guest.store(0x8877_6655_4433_2211, Self.end - 8)
    #expect(guest.core.readPhysical(Self.end - 3, 8) == 0xFFFF_FFFF_FF88_7766)
    guest.core.writePhysical(Self.end - 2, 0x0807_0605_0403_0201, 8)
    #expect(try guest.load(Self.end - 8) == 0x0201_6655_4433_2211)
    // mov eax, [ebx]
    guest.core[.rbx] = Self.end - 1
    #expect(try guest.run([0x8B, 0x03, 0xF4]) == nil)
    #expect(guest.core[.rax] == 0xFFFF_FF02)
  }
}
