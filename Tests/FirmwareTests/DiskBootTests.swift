import FirmwareCore
import GuestRAM
import Primitives
import Synchronization
import Testing

@Suite("Booting from disks")
struct DiskBootTests {
  private func run(_ disks: [[UInt8]], failsReads: Bool = false) throws -> TestMachine {
    let machine = try TestMachine(disks: disks, items: try TestBoard.items(), failsReads: failsReads)
    var firmware = Firmware(machine)
    firmware.start()
    return machine
  }

  @Test("the boot sector is at 7C00 and finds its drive in DL")
  func boot() throws {
    let machine = try run([BootedMachine.disk()])
    let entry = try #require(machine.record.withLock { $0.realMode })
    #expect(entry.segment == 0 && entry.offset == 0x7C00 && entry.dx == 0x80)
    #expect(try machine.memory.bytes(512, at: 0x7C00) == Array(BootedMachine.disk()[..<512]))
    #expect(machine.console.hasSuffix("booting from disk 0\n"))
  }

  @Test("a disk without a signature is named and passed over")
  func next() throws {
    let machine = try run([[UInt8](repeating: 0, count: 512), BootedMachine.disk()])
    #expect(machine.console.contains("disk 0: no boot signature in sector 0\n"))
    #expect(machine.record.withLock { $0.realMode?.dx } == 0x81)
  }

  @Test("where no disk has a signature the host hears that there is nothing to boot")
  func none() throws {
    let machine = try run([[UInt8](repeating: 0, count: 512), []])
    #expect(machine.console.contains("disk 1: empty\n"))
    #expect(machine.console.hasSuffix("no disk could be booted\n"))
    #expect(machine.exitCode == 33)
  }

  @Test("a read error is no missing signature")
  func readError() throws {
    let machine = try run([BootedMachine.disk()], failsReads: true)
    #expect(machine.console.contains("disk 0: read error in sector 0\n"))
    #expect(machine.exitCode == 35)
  }

  @Test("a boot sector that gives up by INT 18h has the next disk tried, then the verdict")
  func giveUp() throws {
    let booted = try BootedMachine(disks: [BootedMachine.disk(), BootedMachine.disk()])
    _ = try booted.call(0x18, .init())
    #expect(booted.machine.record.withLock { $0.realMode?.dx } == 0x81)
    _ = try booted.call(0x18, .init())
    #expect(booted.machine.exitCode == 33)
  }

  @Test("a program that runs into an unknown instruction is named with its place, and the host hears of it")
  func fault() throws {
    let booted = try BootedMachine()
    try booted.machine.memory.store(UInt16(0x1234), at: BootedMachine.frame + 38)
    try booted.machine.memory.store(UInt16(0x0070), at: BootedMachine.frame + 40)
    _ = try booted.call(0x06, .init())
    #expect(booted.machine.console.contains("does not know at 0070:1234"))
    #expect(booted.machine.exitCode == 41)
  }

  @Test("programs find memory, disks and the serial port in the BIOS data area")
  func data() throws {
    let memory = try run([BootedMachine.disk()]).memory
    #expect(try memory.load(UInt16.self, at: 0x400) == 0x3F8)
    #expect(try memory.load(UInt16.self, at: 0x40E) == 0x9FC0)
    #expect(try memory.load(UInt16.self, at: 0x413) == 639)
    #expect(try memory.load(UInt8.self, at: 0x475) == 1)
    #expect(try memory.load(UInt8.self, at: 0x9_FC00) == 1)
    #expect(try memory.load(UInt32.self, at: 0x4C) == 0xF000_1098)
    #expect(try memory.load(UInt32.self, at: 0x20) == 0xF000_2000)
    #expect(try memory.load(UInt32.self, at: 0x78) == 0xF000_2020)
  }
}
