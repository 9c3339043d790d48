import Devices
import Primitives
import TestSupport
import Testing

@testable import Machine

/// A kernel as firmware finds it in fw_cfg.
@Suite struct KernelItemsTests {
  private let kernel = TemporaryFile(SmallLinux.make())
  private let initrd = TemporaryFile([UInt8](repeating: 7, count: 5000))

  private func items(memory: UInt64 = 64 << 20, initrd: String? = nil) throws -> KernelItems {
    var configuration = Configuration()
    configuration.initrd = initrd
    configuration.commandLine = "quiet"
    return try KernelItems(kernel.path, configuration, lowMemory: memory)
  }

  private func bytes(_ key: UInt16, _ items: KernelItems) -> [UInt8] {
    items.list.first { $0.name == .key(key) }.map { $0.content.bytes(0..<$0.content.count) } ?? []
  }

  private func number(_ key: UInt16, _ items: KernelItems) -> UInt32? { bytes(key, items).load(at: 0) }

  @Test func each_part_has_its_size_and_a_place() throws {
    let items = try items(initrd: initrd.path)
    let all = SmallLinux.make()
    #expect(bytes(0x11, items) == Array(all[SmallLinux.kernelOffset...]))
    #expect(bytes(0x12, items) == [UInt8](repeating: 7, count: 5000))
    #expect(bytes(0x15, items) == Array("quiet".utf8) + [0])
    #expect([0x08, 0x0B, 0x14, 0x17].map { number($0, items) } == [4096, 5000, 6, 1536])
    #expect([0x07, 0x10, 0x13, 0x16].map { number($0, items) } == [0x10_0000, 0x10_0000, 0x2_0000, 0x1_0000])
    // Whole pages below what firmware keeps for itself.
    #expect(number(0x0A, items) == UInt32((63 << 20) - 0x2000))
  }

  @Test func the_setup_header_names_the_places() throws {
    let setup = bytes(0x18, try items(initrd: initrd.path))
    #expect(setup.load(UInt32.self, at: 0x218) == UInt32((63 << 20) - 0x2000))
    #expect(setup.load(UInt32.self, at: 0x21C) == 5000)
    #expect(setup.load(UInt32.self, at: 0x228) == 0x2_0000)
    #expect(setup.load(UInt8.self, at: 0x211) == 0x81)
    let without = bytes(0x18, try items())
    #expect(without.load(UInt64.self, at: 0x218) == 0)
  }

  @Test func a_bios_without_kernels_of_its_own_finds_an_option_rom() throws {
    let items = try items()
    let file = try #require(items.list.first { $0.name == .file("genroms/kernel.rom") })
    let rom = file.content.bytes(0..<file.content.count)
    #expect(rom.load(UInt16.self, at: 0) == 0xAA55)
    #expect(rom.count == 512 && rom[2] == 1)
    #expect(rom.reduce(0, &+) == 0)
    #expect(rom[32..<64].reduce(0, &+) == 0 && rom[32..<36] == Array("$PnP".utf8)[...])
  }

  @Test("BZ-02 an initial RAM disk for which there is no room is refused by its name")
  func noRoom() throws {
    let large = TemporaryFile(.init(repeating: 0, count: 0xFF_F01))
    let error = #expect(throws: MachineError.self) { try items(memory: 3 << 20, initrd: large.path) }
    #expect(error?.message.contains("\(large.path): the initial RAM disk of 1048321 bytes does not fit") == true)
  }

  @Test("BZ-01 a file that is shorter than its setup part is handed over as it is", arguments: [0, 1, 512, 1535])
  func short(count: Int) throws {
    let file = TemporaryFile(Array(SmallLinux.make().prefix(count)))
    let items = try KernelItems(file.path, Configuration(), lowMemory: 64 << 20)
    #expect(bytes(0x18, items).count == count)
    #expect(number(0x08, items) == 0)
  }
}
