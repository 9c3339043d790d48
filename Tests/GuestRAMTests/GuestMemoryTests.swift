import GuestRAM
import Primitives
import Synchronization
import Testing

@Suite struct GuestMemoryTests {
  @Test func bytesComeBackAsTheyWereStored() throws {
    let memory = try GuestMemory(size: 1 << 20)
    try memory.store(UInt64(0x1122_3344_5566_7788), at: 0x1001)
    #expect(try memory.load(UInt8.self, at: 0x1001) == 0x88)
    #expect(try memory.bytes(8, at: 0x1001) == [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
  }

  @Test("VQ-12 a range that wraps is not RAM")
  func wrappingRange() throws {
    let memory = try GuestMemory(size: 1 << 20)
    #expect(!memory.contains(0xFFFF_FFFF_FFFF_F000, count: 0x2000))
    #expect(throws: GuestMemoryError.self) { try memory.bytes(0x2000, at: 0xFFFF_FFFF_FFFF_F000) }
  }

  @Test("VQ-13 a range across the end of RAM, or into the hole below 4 GiB, is not RAM")
  func rangeAcrossTheHole() throws {
    let memory = try GuestMemory(size: 3 << 30)
    #expect(memory.contains(0x7FFF_F000, count: 0x1000))
    #expect(!memory.contains(0x7FFF_F000, count: 0x1001))
    #expect(!memory.contains(0xC000_0000, count: 1))
    #expect(memory.contains(0x1_0000_0000, count: 1 << 30))
    #expect(!memory.contains(0x1_3FFF_FFFF, count: 2))
  }

  @Test func ramGoesOnAboveFourGiB() throws {
    let memory = try GuestMemory(size: 3 << 30)
    try memory.store(UInt32(0xCAFE), at: 0x1_0000_0000)
    #expect(try memory.load(UInt32.self, at: 0x1_0000_0000) == 0xCAFE)
    #expect(memory.windows.last?.range == MemoryRange(0x1_0000_0000, count: 1 << 30))
  }

  @Test("VQ-18 a ring index at an odd address is refused")
  func oddIndex() throws {
    let memory = try GuestMemory(size: 1 << 20)
    #expect(throws: GuestMemoryError.self) { try memory.loadIndex(at: 0x1001) }
    #expect(throws: GuestMemoryError.self) { try memory.storeIndex(1, at: 0xFFFFF) }
    try memory.storeIndex(7, at: 0x1000)
    #expect(try memory.loadIndex(at: 0x1000) == 7)
  }
}

@Suite struct MemoryWindowTests {
  private func window(_ memory: GuestMemory, at address: GuestAddress) -> MemoryWindow? {
    memory.windows.first { $0.range.contains(address) }
  }

  @Test func firmwareEndsAtFourGiBAndItsTailAtOneMiB() throws {
    let memory = try GuestMemory(size: 1 << 20, firmware: [UInt8](repeating: 0x90, count: 0x4_0000))
    let high = try #require(window(memory, at: 0xFFFF_FFF0))
    #expect(high.range == MemoryRange(0xFFFC_0000, count: 0x4_0000))
    #expect(high.access == .readOnly)
    let legacy = try #require(window(memory, at: 0xF_FFF0))
    #expect(legacy.range == MemoryRange(0xE_0000, count: 0x2_0000))
    #expect(legacy.backing == .firmware(0x2_0000))
    #expect(window(memory, at: 0xC_0000) == nil)
  }

  @Test func aSmallFirmwareIsSeenOnlyWhereItReaches() throws {
    let memory = try GuestMemory(size: 1 << 20, firmware: [UInt8](repeating: 0x90, count: 0x1_0000))
    #expect(window(memory, at: 0xF_0000)?.backing == .firmware(0))
    #expect(window(memory, at: 0xE_FFFF) == nil)
  }

  @Test func everySegmentFollowsItsShadowBits() throws {
    let memory = try GuestMemory(size: 1 << 20, firmware: [UInt8](repeating: 0x90, count: 0x2_0000))
    memory.setShadow(ShadowControl(bytes: [0x10, 0x03, 0, 0, 0, 0x20, 0]))
    #expect(window(memory, at: 0xF_0000)?.access == .readOnly)
    #expect(window(memory, at: 0xF_0000)?.backing == .ram(0xF_0000))
    #expect(window(memory, at: 0xC_0000)?.access == .readWrite)
    #expect(window(memory, at: 0xC_4000) == nil)
    #expect(window(memory, at: 0xE_4000)?.access == .writeBehind)
  }

  @Test func whatIsWrittenBehindFirmwareAppearsWhenRAMIsShown() throws {
    let memory = try GuestMemory(size: 1 << 20, firmware: [UInt8](repeating: 0x90, count: 0x2_0000))
    #expect(!memory.writeBehind(0x55, .byte, at: 0xF_0000))
    memory.setShadow(ShadowControl(bytes: [0x20, 0, 0, 0, 0, 0, 0]))
    #expect(memory.writeBehind(0x1234, .word, at: 0xF_0000))
    #expect(try memory.load(UInt16.self, at: 0xF_0000) == 0x1234)
    #expect(!memory.writeBehind(0x55, .byte, at: 0xE_0000))
  }

  @Test("FL-02 a flash chip that gives its status is no memory, for processors and for devices")
  func hiddenFlash() throws {
    let memory = try GuestMemory(size: 1 << 20, firmware: [UInt8](repeating: 0x90, count: 0x2_0000))
    memory.setShadow(.reset, hidingFirmware: 0x1000)
    #expect(window(memory, at: 0xFFFE_0000) == nil)
    #expect(window(memory, at: 0xFFFE_1000)?.backing == .firmware(0x1000))
    memory.setShadow(.reset)
    #expect(window(memory, at: 0xFFFE_0000)?.access == .readOnly)
    #expect(throws: GuestMemoryError.self) { try memory.load(UInt8.self, at: 0xFFFE_0000) }
  }

  @Test("FL-01 nothing is programmed over the end of the firmware")
  func programFirmware() throws {
    let memory = try GuestMemory(size: 1 << 20, firmware: [UInt8](repeating: 0x90, count: 0x1000))
    #expect(memory.programFirmware([1, 2], at: 0xFFE))
    for offset in [-1, 0xFFF, 0x1000, Int.max] { #expect(!memory.programFirmware([1, 2], at: offset)) }
  }

  @Test func withoutFirmwareAllOfLowMemoryIsOneWindow() throws {
    let memory = try GuestMemory(size: 64 << 20)
    memory.setShadow(.allRAM)
    #expect(memory.windows.count == 1)
    #expect(memory.windows.first?.range == MemoryRange(0, count: 64 << 20))
  }

  @Test("a device may write over cached code as often as it likes: who hears of it is called no deeper each time")
  func codeIsWrittenOften() throws {
    let memory = try GuestMemory(size: 1 << 20)
    let heard = Atomic<Int>(0)
    memory.whenCodeIsWritten { heard.add(1, ordering: .relaxed) }
    let times = 300_000
    for _ in 0..<times {
      unsafe memory.codeMarks[1] = 1
      try memory.store(UInt8(0x90), at: 0x1000)
    }
    #expect(heard.load(ordering: .relaxed) == times)
  }
}
