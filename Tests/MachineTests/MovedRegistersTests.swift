import PCI
import PCIBus
import Primitives
import Testing

@testable import Machine

/// Places of the chipset that a guest may move, and what the board makes of them.
@Suite struct MovedRegistersTests {
  @Test("PC-10 the byte that would put configuration space above 4 GiB changes nothing", arguments: SmallGuest.accelerators)
  func aboveFourGiB(accelerator: Configuration.Accelerator) throws {
    let code: [UInt8] = [
      0xBA, 0xF8, 0x0C, 0, 0, 0xB8, 0x64, 0, 0, 0x80, 0xEF,  // mov $0xCF8, %edx; mov $0x80000064, %eax; out %eax, %dx
      0xBA, 0xFC, 0x0C, 0, 0, 0xB0, 1, 0xEE, 0xEC,  // mov $0xCFC, %edx; mov $1, %al; out %al, %dx; in %dx, %al
      0xE6, 0xF4,  // out %al, $0xF4
    ]
    #expect(try SmallGuest(code: code, on: accelerator).run() == .exited(code: 1), "it reads as zero")
  }

  @Test("PC-10 wherever a guest puts configuration space and the PM block, there are tables of the same size")
  func everywhere() throws {
    var configuration = Configuration()
    configuration.firmware = .builtin
    configuration.memory = 1 << 20
    configuration.accelerator = .soft
    let board = try Machine(configuration).board
    let slots = board.bridge.slots
    let (memoryController, lpc) = (try #require(slots.first), try #require(slots.last))
    for high in 0..<256 as Range<UInt64> {
      memoryController.writeConfiguration(high, .byte, at: 0x64)
      memoryController.writeConfiguration(high << 8, .dword, at: 0x64)
      for length in 0..<4 as Range<UInt64> {
        memoryController.writeConfiguration(high << 24 | length << 1 | 1, .dword, at: 0x60)
        #expect((board.bridge.ecam?.last.value ?? 0) < Platform.fourGiB)
        board.refreshTables()
      }
    }
    memoryController.writeConfiguration(0xB000_0001, .dword, at: 0x60)
    for block in 0..<512 as Range<UInt64> {
      lpc.writeConfiguration(block << 7 | 1, .dword, at: 0x40)
      board.refreshTables()
    }
  }
}
