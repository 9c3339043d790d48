import Devices
import FirmwareCore
import GuestRAM
import Primitives
import Synchronization
import Testing

@Suite("C2 A Multiboot kernel that the board hands over")
struct MultibootTests {
  /// A kernel of four bytes and eight zeroes, and the start of its information.
  private func start(_ last: (address: UInt32, count: UInt32) = (0x2_0000, 96)) throws -> TestMachine {
    var information = [UInt8](repeating: 0, count: 96)
    information.store(UInt32(1 << 2), at: 0)
    information.store(UInt32(0x2_0080), at: 48)
    var stream: [UInt8] = []
    func record(_ words: UInt32...) { for word in words { stream.append(littleEndian: word) } }
    record(0x20_0000, 4, 8, 1)
    stream += [1, 2, 3, 4]
    record(last.address, last.count, 0, 1)
    stream += information
    record(0x20_0002, 0x2_0000, 0, 0)
    let ram: UInt64 = 8 << 20
    let machine = try TestMachine(ram: ram, items: try TestBoard.items(ram: ram) + [.init(.file("etc/multiboot"), stream)])
    try machine.memory.fill(0xFF, count: 32, at: 0x20_0000)
    var firmware = Firmware(machine)
    firmware.start()
    return machine
  }

  @Test("is put into RAM and started with the memory map in its information, and the BIOS' vectors stay")
  func starts() throws {
    let machine = try start()
    let started = try #require(machine.record.withLock { $0.multiboot })
    #expect(started.entry == 0x20_0002 && started.information == 0x2_0000)
    #expect(try machine.memory.bytes(13, at: 0x20_0000) == [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF])
    func word(_ offset: Int) throws -> UInt32 { try machine.memory.load(at: started.information + offset) }
    #expect(try word(0) == 0x45)
    #expect(try word(4) == 639 && word(8) == 7 << 10)
    #expect(try word(44) == 6 * 24)
    #expect(try word(0x80) == 20)
    #expect(try machine.memory.load(UInt64.self, at: started.information + 0x80 + 12) == 0x9_FC00)
    // INT 15h leads into the firmware.
    #expect(try machine.memory.load(UInt16.self, at: 0x56) == 0xF000)
  }

  @Test("for which there is too little memory gives a sentence and a verdict")
  func noRoom() throws {
    let machine = try start((0x7F_FFFF, 96))
    #expect(machine.exitCode == 37 && machine.console.contains("too little memory"))
    #expect(machine.record.withLock { $0.multiboot == nil })
  }
}
