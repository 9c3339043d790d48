import DeviceModel
import Devices
import FirmwareCore
import GuestRAM
import Primitives
import Synchronization
import SystemBus
import Testing

@Suite("Services of INT 10h, 11h, 12h, 15h, 16h and 1Ah")
struct ServiceTests {
  private func say(_ text: String, _ booted: BootedMachine) throws {
    for byte in text.utf8 { _ = try booted.call(0x10, .init(eax: 0x0E00 | UInt32(byte), ebx: 7)) }
  }

  private func sent(_ booted: BootedMachine) -> String {
    String(decoding: booted.machine.record.withLock { $0.serial }, as: UTF8.self)
  }

  private func type(_ keys: String, _ booted: BootedMachine) throws {
    let serial = try #require(booted.machine.serial.withLock { $0 })
    for key in keys.utf8 { #expect(serial.access { serial, cycle in serial.receive(key, &cycle) }) }
  }

  // MARK: Screen

  @Test("typed text reaches the terminal as it is, without escape sequences")
  func teletype() throws {
    let booted = try BootedMachine()
    try say("one\r\ntwo three\r\n", booted)
    #expect(sent(booted) == "one\r\ntwo three\r\n")
    #expect(try booted.machine.memory.load(UInt8.self, at: 0xB_8000 + 160) == UInt8(ascii: "t"))
    #expect(try booted.call(0x10, .init(eax: 0x0300)).edx & 0xFFFF == 0x0200)
  }

  @Test("text that scrolls goes on in plain lines, and the screen's memory moves up")
  func scroll() throws {
    let booted = try BootedMachine()
    for line in 0..<30 { try say("line \(line)\r\n", booted) }
    #expect(sent(booted) == (0..<30).map { "line \($0)\r\n" }.joined())
    #expect(try booted.machine.memory.load(UInt8.self, at: 0xB_8000 + 10) == UInt8(ascii: "6"))
  }

  @Test("text elsewhere on the screen is put there by an escape sequence")
  func place() throws {
    let booted = try BootedMachine()
    _ = try booted.call(0x10, .init(eax: 0x0200, edx: 0x0A14))
    _ = try booted.call(0x10, .init(eax: 0x0958, ebx: 0x0007, ecx: 3))
    #expect(sent(booted) == "\u{1B}[11;21HXXX")
    #expect(try booted.call(0x10, .init(eax: 0x0800)).eax & 0xFFFF == 0x0758)
  }

  @Test("a character that is written for its colour and again to move on is sent once")
  func twice() throws {
    let booted = try BootedMachine()
    for character: UInt32 in [0x61, 0x62] {
      _ = try booted.call(0x10, .init(eax: 0x0900 | character, ebx: 7, ecx: 1))
      _ = try booted.call(0x10, .init(eax: 0x0E00 | character, ebx: 7))
    }
    #expect(sent(booted) == "ab")
  }

  @Test("lines of 80 characters follow each other without escape sequences")
  func fullLines() throws {
    let booted = try BootedMachine()
    try say(String(repeating: "x", count: 80) + "y", booted)
    #expect(sent(booted) == String(repeating: "x", count: 80) + "\r\ny")
  }

  @Test("a whole screen that scrolls up is plain lines for the terminal")
  func scrollAll() throws {
    let booted = try BootedMachine()
    try say(String(repeating: "\r\n", count: 24) + "last", booted)
    booted.machine.record.withLock { $0.serial = [] }
    _ = try booted.call(0x10, .init(eax: 0x0601, ebx: 0x0700, ecx: 0, edx: 0x184F))
    #expect(sent(booted) == "\n")
    #expect(try booted.machine.memory.load(UInt8.self, at: 0xB_8000 + 23 * 160) == UInt8(ascii: "l"))
  }

  @Test("what is black on grey is shown in reverse")
  func reverse() throws {
    let booted = try BootedMachine()
    _ = try booted.call(0x10, .init(eax: 0x0958, ebx: 0x0070, ecx: 1))
    #expect(sent(booted) == "\u{1B}[7mX")
  }

  @Test("the mode is 80 columns of text, also after another was wanted")
  func mode() throws {
    let booted = try BootedMachine()
    _ = try booted.call(0x10, .init(eax: 0x0013))
    #expect(try booted.call(0x10, .init(eax: 0x0F00)).eax & 0xFFFF == 0x5003)
    #expect(try booted.call(0x10, .init(eax: 0x4F00)).eax & 0xFF != 0x4F)
  }

  @Test("a text with its attributes is written where it is wanted")
  func text() throws {
    let booted = try BootedMachine()
    try booted.machine.memory.write(Array("hi".utf8), at: 0x6000)
    _ = try booted.call(0x10, .init(eax: 0x1301, ebx: 7, ecx: 2, edx: 0x0000, ebp: 0x6000))
    #expect(sent(booted) == "hi")
  }

  @Test("no window, whatever its corners, leaves the screen's memory", arguments: 0..<40)
  func randomVideo(seed: Int) throws {
    let booted = try BootedMachine()
    var state = UInt32(seed) &* 2_654_435_761 | 1
    func next() -> UInt32 {
      state = state &* 1_664_525 &+ 1_013_904_223
      return state
    }
    for _ in 0..<4 {
      let function = [0, 2, 6, 7, 8, 9, 0x0A, 0x0E, 0x13][Int(next() >> 16) % 9]
      _ = try booted.call(0x10, .init(eax: UInt32(function) << 8 | next() >> 24, ebx: next(), ecx: next() % 5000, edx: next()))
    }
    #expect(try booted.machine.memory.bytes(16, at: 0xB_8000 + 4000).allSatisfy { $0 == 0 })
  }

  // MARK: Memory

  @Test("the memory map comes entry by entry and ends")
  func map() throws {
    let booted = try BootedMachine()
    var next: UInt32 = 0
    var entries: [[UInt8]] = []
    repeat {
      let result = try booted.call(
        0x15, .init(eax: 0xE820, ebx: next, ecx: 24, edx: 0x534D_4150, edi: 0x6000))
      #expect(!result.carry && result.eax == 0x534D_4150 && result.ecx == 20)
      entries.append(try booted.machine.memory.bytes(20, at: 0x6000))
      next = result.ebx
    } while next != 0 && entries.count < 20
    #expect(entries.count == 6)
    #expect(entries[0] == TestBoard.range(0, 0x9_FC00, 1))
    #expect(entries[3] == TestBoard.range(0x10_0000, 0x30_0000, 1))
    #expect(try booted.call(0x15, .init(eax: 0xE820, ebx: 77, ecx: 20, edx: 0x534D_4150)).carry)
    #expect(try booted.call(0x15, .init(eax: 0xE820, ebx: 0, ecx: 20, edx: 0)).carry)
  }

  @Test("the older ways say the same sizes")
  func sizes() throws {
    let booted = try BootedMachine(ram: 32 << 20)
    let result = try booted.call(0x15, .init(eax: 0xE801))
    #expect(!result.carry && result.eax & 0xFFFF == 0x3C00 && result.ebx & 0xFFFF == 0x100)
    #expect(try booted.call(0x15, .init(eax: 0x8800)).eax & 0xFFFF == 0x7C00)
    #expect(try booted.call(0x12, .init()).eax == 639)
    #expect(try booted.call(0x11, .init()).eax & 0x230 == 0x220)
  }

  @Test("a block is moved above 1 MiB and back, and not outside of RAM")
  func move() throws {
    let booted = try BootedMachine()
    let memory = booted.machine.memory
    try memory.write([1, 2, 3, 4], at: 0x7000)
    func table(_ source: UInt32, _ target: UInt32) throws {
      try memory.fill(0, count: 48, at: 0x6000)
      for (offset, base) in [(0x10, source), (0x18, target)] {
        try memory.store(base << 16 | 0xFFFF, at: 0x6000 + offset)
        try memory.store(base & 0xFF00_0000 | 0x9300 | base >> 16 & 0xFF, at: 0x6000 + (offset + 4))
      }
    }
    try table(0x7000, 0x20_0000)
    #expect(try !booted.call(0x15, .init(eax: 0x8700, ecx: 2, esi: 0x6000)).carry)
    #expect(try memory.bytes(4, at: 0x20_0000) == [1, 2, 3, 4])
    try table(0x7000, 0xFEE0_0000)
    #expect(try booted.call(0x15, .init(eax: 0x8700, ecx: 2, esi: 0x6000)).carry)
  }

  @Test("what a BIOS of this kind does not have is refused", arguments: [0x5300, 0xE980, 0xEC00, 0x2405])
  func refused(function: UInt32) throws {
    let result = try BootedMachine().call(0x15, .init(eax: function))
    #expect(result.carry && result.ah == 0x86)
  }

  @Test("waiting ends")
  func wait() throws {
    #expect(try !BootedMachine().call(0x15, .init(eax: 0x8600, ecx: 0, edx: 2000)).carry)
  }

  // MARK: Keys and time

  @Test("typed keys come with their scan codes, and who waits without any is told to wait")
  func keys() throws {
    let booted = try BootedMachine()
    #expect(try booted.call(0x16, .init(eax: 0x0100)).zero)
    _ = try booted.call(0x16, .init(eax: 0x0000))
    #expect(booted.isWaiting)
    try type("aB\r\u{1B}[A\u{03}", booted)
    var keys: [UInt32] = []
    for _ in 0..<5 {
      #expect(try !booted.call(0x16, .init(eax: 0x0100, zero: true)).zero)
      keys.append(try booted.call(0x16, .init(eax: 0x0000)).eax & 0xFFFF)
      #expect(!booted.isWaiting)
    }
    #expect(keys == [0x1E61, 0x3042, 0x1C0D, 0x4800, 0x2E03])
  }

  @Test("more keys than the ring holds wait in the serial port")
  func manyKeys() throws {
    let booted = try BootedMachine()
    for round in 0..<4 {
      try type("0123456789", booted)
      for digit in 0..<10 {
        let key = try booted.call(0x16, .init(eax: 0x1000)).eax & 0xFF
        #expect(key == UInt32(0x30 + digit), "round \(round)")
      }
    }
  }

  @Test("an escape key alone is one once time has passed")
  func escape() throws {
    let booted = try BootedMachine()
    try type("\u{1B}", booted)
    #expect(try booted.call(0x16, .init(eax: 0x0100)).zero)
    try booted.machine.memory.store(UInt32(1 << 20), at: 0x46C)
    #expect(try booted.call(0x16, .init(eax: 0x0100)).eax & 0xFFFF == 0x011B)
  }

  @Test("nonsense in the ring's pointers is survived", arguments: [0x0000, 0x001D, 0x003E, 0xFFFF] as [UInt16])
  func ring(pointer: UInt16) throws {
    let booted = try BootedMachine()
    try booted.machine.memory.store(pointer, at: 0x41A)
    try booted.machine.memory.store(pointer, at: 0x41C)
    try type("abc", booted)
    for _ in 0..<8 { _ = try booted.call(0x16, .init(eax: 0x0100)) }
  }

  @Test("ticks are those of the data area, and midnight is told once")
  func ticks() throws {
    let booted = try BootedMachine()
    try booted.machine.memory.store(UInt32(0x0012_3456), at: 0x46C)
    try booted.machine.memory.store(UInt8(1), at: 0x470)
    let first = try booted.call(0x1A, .init(eax: 0x0000))
    #expect(first.ecx & 0xFFFF == 0x12 && first.edx & 0xFFFF == 0x3456 && first.eax & 0xFF == 1)
    #expect(try booted.call(0x1A, .init(eax: 0x0000)).eax & 0xFF == 0)
  }

  @Test("PCI functions are found by their identity and their class")
  func pci() throws {
    let booted = try BootedMachine()
    let here = try booted.call(0x1A, .init(eax: 0xB101))
    #expect(!here.carry && here.edx == 0x2049_4350)
    let disk = try booted.call(0x1A, .init(eax: 0xB102, ecx: 0x1042, edx: 0x1AF4))
    #expect(!disk.carry && disk.ebx & 0xFFFF == 0x0008)
    #expect(try booted.call(0x1A, .init(eax: 0xB103, ecx: 0x06_0000)).ebx & 0xFFFF == 0)
    #expect(try booted.call(0x1A, .init(eax: 0xB102, ecx: 0x1234, edx: 0x1AF4)).ah == 0x86)
    #expect(try booted.call(0x1A, .init(eax: 0xB10A, ebx: 0x0008, edi: 0)).ecx == 0x1042_1AF4)
    #expect(try booted.call(0x1A, .init(eax: 0xB10A, ebx: 0x0008, edi: 1)).ah == 0x87)
  }
}
