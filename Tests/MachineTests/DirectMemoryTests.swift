import DeviceModel
import GuestRAM
import Machine
import Primitives
import Testing

@Suite struct DirectMemoryTests {
  @Test func aBusMasterReachesRAMAndNothingElse() throws {
    let memory: any DirectMemory = try GuestMemory(size: 1 << 20)
    #expect(memory.put([1, 2, 3], at: 0x1000))
    #expect(memory.copy(3, from: 0x1000) == [1, 2, 3])
    #expect(!memory.put([1, 2], at: 0xF_FFFF))
    #expect(memory.copy(1, from: 0xFEE0_0000) == nil)
    #expect(memory.copy(2, from: GuestAddress(.max)) == nil)
  }
}
