import FirmwareCore
import GuestRAM
import Primitives
import Synchronization
import Testing

@Suite("INT 13h")
struct DiskServiceTests {
  /// A disk address packet at 0:6000.
  private func packet(_ booted: BootedMachine, count: UInt16, sector: UInt64, segment: UInt16 = 0x1000, offset: UInt16 = 0)
    throws -> BootedMachine.Registers
  {
    var bytes: [UInt8] = [16, 0]
    bytes.append(littleEndian: count)
    bytes.append(littleEndian: offset)
    bytes.append(littleEndian: segment)
    bytes.append(littleEndian: sector)
    try booted.machine.memory.write(bytes, at: 0x6000)
    return .init(edx: 0x80, esi: 0x6000)
  }

  @Test("sectors are read by number, to any address below 1 MiB")
  func readByNumber() throws {
    let booted = try BootedMachine()
    var registers = try packet(booted, count: 2, sector: 5, offset: 3)
    registers.eax = 0x4200
    let result = try booted.call(0x13, registers)
    #expect(!result.carry && result.ah == 0)
    let bytes = try booted.machine.memory.bytes(1024, at: 0x1_0003)
    #expect(bytes == [UInt8](repeating: 5, count: 512) + [UInt8](repeating: 6, count: 512))
  }

  @Test("sectors are written by number, and nothing else is")
  func writeByNumber() throws {
    let booted = try BootedMachine()
    try booted.machine.memory.fill(0xEE, count: 512, at: 0x1_0000)
    var registers = try packet(booted, count: 1, sector: 9)
    registers.eax = 0x4300
    #expect(try !booted.call(0x13, registers).carry)
    var expected = BootedMachine.disk()
    expected.replaceSubrange(9 * 512..<10 * 512, with: [UInt8](repeating: 0xEE, count: 512))
    #expect(booted.machine.contents.withLock { $0[0] } == expected)
  }

  @Test("sectors are read by cylinder, head and sector, which counts from 1")
  func readByCylinder() throws {
    let booted = try BootedMachine(disks: [BootedMachine.disk(sectors: 200)])
    let result = try booted.call(0x13, .init(eax: 0x0201, ebx: 0, ecx: 0x0002, edx: 0x0280, es: 0x1000))
    #expect(!result.carry && result.eax & 0xFFFF == 0x0001)
    // Head 2, sector 2 of 63 sectors a track.
    #expect(try booted.machine.memory.load(UInt8.self, at: 0x1_0000) == 127)
  }

  @Test("VB-01 what lies behind the disk's end is an error, and nothing was transferred", arguments: [64, 63, UInt64.max])
  func outside(sector: UInt64) throws {
    let booted = try BootedMachine()
    var registers = try packet(booted, count: 2, sector: sector)
    registers.eax = 0x4200
    let result = try booted.call(0x13, registers)
    #expect(result.carry && result.ah == 0x04)
    #expect(try booted.machine.memory.load(UInt16.self, at: 0x6002) == 0)
  }

  @Test("the extensions are there, with packets and without removable media")
  func extensions() throws {
    let result = try BootedMachine().call(0x13, .init(eax: 0x4100, ebx: 0x55AA, edx: 0x80))
    #expect(!result.carry && result.ebx == 0xAA55 && result.ecx & 0xFFFF == 1)
  }

  @Test("a disk is described by its sectors")
  func describe() throws {
    let booted = try BootedMachine()
    try booted.machine.memory.store(UInt16(30), at: 0x6000)
    #expect(try !booted.call(0x13, .init(eax: 0x4800, edx: 0x80, esi: 0x6000)).carry)
    #expect(try booted.machine.memory.load(UInt64.self, at: 0x6010) == 64)
    #expect(try booted.machine.memory.load(UInt16.self, at: 0x6018) == 512)
    let old = try booted.call(0x13, .init(eax: 0x0800, edx: 0x80))
    // One cylinder, 63 sectors, 255 heads, one disk.
    #expect(!old.carry && old.ecx & 0xFFFF == 0x003F && old.edx & 0xFFFF == 0xFE01)
  }

  @Test("drives that there are not answer with an error", arguments: [0x00, 0x01, 0x81, 0xFF])
  func absent(drive: UInt32) throws {
    let booted = try BootedMachine()
    for function: UInt32 in [0x02, 0x08, 0x41, 0x42, 0x48] {
      let result = try booted.call(0x13, .init(eax: function << 8 | 1, ebx: 0x55AA, ecx: 1, edx: drive))
      #expect(result.carry && result.ah != 0)
    }
    let kind = try booted.call(0x13, .init(eax: 0x1500, edx: drive))
    #expect(!kind.carry && kind.ah == 0)
  }

  @Test("a read error is reported, and remembered for who asks later")
  func readError() throws {
    let booted = try BootedMachine(failsReads: true)
    let result = try booted.call(0x13, .init(eax: 0x0201, ecx: 1, edx: 0x80, es: 0x1000))
    #expect(result.carry && result.eax & 0xFFFF == 0x2000)
    #expect(try booted.call(0x13, .init(eax: 0x0100, edx: 0x80)).ah == 0x20)
  }

  @Test("a second disk has the next number")
  func second() throws {
    let booted = try BootedMachine(disks: [BootedMachine.disk(), [UInt8](repeating: 0xAB, count: 1024)])
    #expect(try !booted.call(0x13, .init(eax: 0x0201, ecx: 2, edx: 0x81, es: 0x1000)).carry)
    #expect(try booted.machine.memory.load(UInt8.self, at: 0x1_0000) == 0xAB)
    #expect(try booted.machine.memory.load(UInt8.self, at: 0x475) == 2)
  }

  @Test("VB-01 no packet, whatever is in it, makes the firmware trap", arguments: 0..<50)
  func randomPacket(seed: Int) throws {
    let booted = try BootedMachine()
    var state = UInt32(seed) &* 2_654_435_761 | 1
    func next() -> UInt32 {
      state = state &* 1_664_525 &+ 1_013_904_223
      return state
    }
    let bytes = (0..<24).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }
    try booted.machine.memory.write(bytes, at: 0x6000)
    for _ in 0..<8 {
      let function = next() >> 16 & 0xFF
      let registers = BootedMachine.Registers(
        eax: function << 8 | next() >> 24, ebx: next(), ecx: next(), edx: 0x80, esi: 0x6000, edi: next(),
        es: UInt16(truncatingIfNeeded: next() >> 8))
      _ = try booted.call(0x13, registers)
    }
  }
}
