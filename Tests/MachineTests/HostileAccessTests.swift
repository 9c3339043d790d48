import DeviceModel
import Display
import PCI
import PCIBus
import Primitives
import SystemBus
import Testing

@testable import Machine

/// No value that a guest can write anywhere on the board stops more than the guest.
@Suite struct HostileAccessTests {
  static let values: [UInt64] = [.max, 0x8000_0000_8000_8080, 0x5A5A_A5A5_1234_F00F, 1, 0]
  private static let bytes: [UInt64] = [0, 0xFF, 0x55, 0xAA] + (0..<8).flatMap { [1 << $0, 0xFF ^ 1 << $0] }

  @Test("A1 any byte of configuration space, then everything that follows from where things are")
  func configuration() throws {
    let bench = try HostileBench()
    for slot in bench.machine.board.bridge.slots {
      for register in 0..<256 {
        for byte in Self.bytes { slot.writeConfiguration(byte, .byte, at: register) }
        slot.writeConfiguration(0xFF, .byte, at: register)
      }
      bench.describe()
    }
  }

  @Test("A1 configuration space in any place", arguments: [0, 1, 0xF] as [UInt64])
  func configurationSpace(high: UInt64) throws {
    let bench = try HostileBench()
    let controller = try #require(bench.machine.board.bridge.slots.first)
    for top in 0..<16 as Range<UInt64> {
      for length in 0..<4 as Range<UInt64> {
        controller.writeConfiguration(high, .dword, at: 0x64)
        controller.writeConfiguration(top << 28 | length << 1 | 1, .dword, at: 0x60)
        bench.describe()
      }
    }
  }

  @Test("A1 any value at any port of any width")
  func ports() throws {
    let bench = try HostileBench()
    for target in bench.machine.board.targets {
      for range in target.placement.ports {
        bench.hammer(PortSpace.self, range.first, -1...Int(range.count))
      }
      bench.describe()
    }
  }

  @Test("A1 any value at any register in memory, of any width")
  func memory() throws {
    let bench = try HostileBench()
    // The first and the last bytes of each page: that is where registers are.
    let places = Array(-8..<64) + Array(0x400..<0x420) + Array(0x500..<0x518)
    for target in bench.machine.board.targets {
      guard let range = target.placement.memory else { continue }
      for page in 0..<min(Int(range.count) / 4096, 4) { bench.hammer(MemorySpace.self, range.first + page * 4096, places) }
      bench.describe()
    }
    for page in 0..<32 { bench.hammer(MemorySpace.self, Platform.pciMemory.first + page * 4096, places) }
    bench.hammer(MemorySpace.self, Platform.videoRegisters.first, places)
    bench.describe()
  }
}
