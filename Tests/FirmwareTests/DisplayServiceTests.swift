import DeviceModel
import Devices
import Display
import FirmwareCore
import GuestRAM
import PCI
import PCIBus
import Primitives
import Synchronization
import SystemBus
import Testing

@Suite("INT 10h with a display, and INT 9h with a keyboard")
struct DisplayServiceTests {
  private func info(_ booted: BootedMachine, _ mode: UInt32) throws -> [UInt8]? {
    let answer = try booted.call(0x10, .init(eax: 0x4F01, ecx: mode, edi: 0x6000))
    return answer.eax & 0xFFFF == 0x4F ? try booted.machine.memory.bytes(256, at: 0x6000) : nil
  }

  private func screen(_ booted: BootedMachine) throws -> Screen {
    try #require(booted.machine.display.withLock { $0 }).inspect { $0.screen }
  }

  // MARK: Modes

  @Test("every mode in the list can be described, set and asked for")
  func modes() throws {
    let booted = try BootedMachine(hasDisplay: true)
    let memory = booted.machine.memory
    let answer = try booted.call(0x10, .init(eax: 0x4F00, edi: 0x0010, es: 0x0600))
    #expect(answer.eax & 0xFFFF == 0x4F)
    let block = try memory.bytes(256, at: 0x6010)
    #expect(Array(block[0..<4]) == Array("VESA".utf8))
    #expect(block.load(UInt16.self, at: 18) == 256)
    var list = GuestAddress(UInt64(try #require(block.load(UInt16.self, at: 16))) << 4 + UInt64(try #require(block.load(UInt16.self, at: 14))))
    var numbers: [UInt16] = []
    while try memory.load(UInt16.self, at: list) != 0xFFFF {
      numbers.append(try memory.load(at: list))
      list = list + 2
    }
    #expect(numbers.contains(0x111) && numbers.count == 13)
    for number in numbers {
      let info = try #require(try info(booted, UInt32(number)))
      #expect(try #require(info.load(UInt16.self, at: 0)) & 0x9B == 0x9B)
      #expect(try booted.call(0x10, .init(eax: 0x4F02, ebx: 0x4000 | UInt32(number))).eax & 0xFFFF == 0x4F)
      #expect(try booted.call(0x10, .init(eax: 0x4F03)).ebx & 0xFFFF == 0x4000 | UInt32(number))
      guard case .pixels(let pixels) = try screen(booted) else {
        Issue.record("no picture in mode \(number)")
        continue
      }
      #expect(pixels.width == Int(try #require(info.load(UInt16.self, at: 0x12))))
      #expect(pixels.height == Int(try #require(info.load(UInt16.self, at: 0x14))))
      #expect(pixels.bytesPerLine == Int(try #require(info.load(UInt16.self, at: 0x10))))
    }
  }

  @Test("the monitor's own mode is offered, with the framebuffer where PCI has it")
  func preferred() throws {
    let booted = try BootedMachine(hasDisplay: true)
    let info = try #require(try info(booted, 0x150))
    #expect(info.load(UInt16.self, at: 0x12) == 1280 && info.load(UInt16.self, at: 0x14) == 800)
    let place = try #require(booted.machine.display.withLock { $0 }?.inspect { $0.framebufferPlace })
    #expect(info.load(UInt32.self, at: 0x28) == UInt32(place.value))
    #expect(try booted.call(0x10, .init(eax: 0x4F15, ebx: 1, edi: 0x6000)).eax & 0xFFFF == 0x4F)
    #expect(try booted.machine.memory.load(UInt64.self, at: 0x6000) == 0x00FF_FFFF_FFFF_FF00)
  }

  @Test("text comes back with mode 3, whichever way it is asked for", arguments: [0x0003, 0x4F02] as [UInt32])
  func backToText(function: UInt32) throws {
    let booted = try BootedMachine(hasDisplay: true)
    _ = try booted.call(0x10, .init(eax: 0x4F02, ebx: 0x4101))
    _ = try booted.call(0x10, .init(eax: function, ebx: 3))
    guard case .text(let text) = try screen(booted) else {
      Issue.record("no text")
      return
    }
    #expect(text.columns == 80 && text.rows == 25)
    #expect(try booted.call(0x10, .init(eax: 0x4F03)).ebx & 0xFFFF == 3)
  }

  @Test("a mode that there is not, or without a linear framebuffer, is refused", arguments: [0x4FFF, 0x0111, 0x41FF, 0x4104] as [UInt32])
  func noSuchMode(mode: UInt32) throws {
    let booted = try BootedMachine(hasDisplay: true)
    #expect(try booted.call(0x10, .init(eax: 0x4F02, ebx: mode)).eax & 0xFFFF == 0x014F)
  }

  @Test("the picture moves in memory, and lines can be longer than they are seen")
  func scrolling() throws {
    let booted = try BootedMachine(hasDisplay: true)
    _ = try booted.call(0x10, .init(eax: 0x4F02, ebx: 0x4111))
    #expect(try booted.call(0x10, .init(eax: 0x4F06, ebx: 0, ecx: 1024)).ebx & 0xFFFF == 2048)
    #expect(try booted.call(0x10, .init(eax: 0x4F07, ebx: 0, ecx: 8, edx: 2)).eax & 0xFFFF == 0x4F)
    guard case .pixels(let pixels) = try screen(booted) else { return }
    #expect(pixels.bytesPerLine == 2048 && pixels.start == 2 * 2048 + 16)
  }

  @Test("a palette is written and read back")
  func palette() throws {
    let booted = try BootedMachine(hasDisplay: true)
    try booted.machine.memory.write([1, 2, 3, 0, 4, 5, 6, 0], at: 0x6000)
    _ = try booted.call(0x10, .init(eax: 0x4F09, ebx: 0, ecx: 2, edx: 10, edi: 0x6000))
    _ = try booted.call(0x10, .init(eax: 0x4F09, ebx: 1, ecx: 2, edx: 10, edi: 0x6100))
    #expect(try booted.machine.memory.bytes(8, at: 0x6100) == [1, 2, 3, 0, 4, 5, 6, 0])
  }

  @Test("no VESA function, whatever its registers, stops the firmware", arguments: 0..<20)
  func randomModes(seed: Int) throws {
    let booted = try BootedMachine(hasDisplay: true)
    var state = UInt32(seed) &* 2_654_435_761 | 1
    func next() -> UInt32 {
      state = state &* 1_664_525 &+ 1_013_904_223
      return state
    }
    for _ in 0..<40 {
      _ = try booted.call(
        0x10, .init(eax: 0x4F00 | next() >> 28, ebx: next(), ecx: next(), edx: next(), edi: 0x6000 | next() >> 24))
    }
    #expect(!booted.machine.record.withLock { $0.isStopped })
  }

  // MARK: Text

  @Test("what INT 10h writes is on the display, and its cursor behind it")
  func text() throws {
    let booted = try BootedMachine(hasDisplay: true)
    _ = try booted.call(0x10, .init(eax: 0x0003))
    for byte in "hello".utf8 { _ = try booted.call(0x10, .init(eax: 0x0E00 | UInt32(byte), ebx: 7)) }
    guard case .text(let text) = try screen(booted) else { return }
    #expect(text.lines(in: booted.machine.memory)[0].hasPrefix("hello "))
    #expect(text.cursor == 5)
  }

  @Test("a display shows what the firmware says")
  func ownWords() throws {
    let booted = try BootedMachine(hasDisplay: true)
    guard case .text(let text) = try screen(booted) else { return }
    let lines = text.lines(in: booted.machine.memory)
    #expect(lines[0].hasPrefix("swboot firmware ") && lines[1].hasPrefix("booting from disk 0 "))
    #expect(text.cursor == 160)
  }

  @Test("programs find a VGA and its font, and neither without a display")
  func equipment() throws {
    let booted = try BootedMachine(hasDisplay: true)
    #expect(try booted.call(0x10, .init(eax: 0x1A00)).eax & 0xFF == 0x1A)
    let font = try booted.call(0x10, .init(eax: 0x1130, ebx: 0x0600))
    #expect(font.es == 0xF000 && font.ebp & 0xFFFF == 0x3000 && font.ecx & 0xFFFF == 16)
    let bare = try BootedMachine()
    #expect(try bare.call(0x10, .init(eax: 0x1A00)).eax == 0x1A00)
    #expect(try bare.call(0x10, .init(eax: 0x4F00)).eax == 0x4F00)
  }

  // MARK: Keyboard

  /// Moves keys, and tells the firmware of each scan code as IRQ 1 does.
  private func press(_ scanCodes: [UInt8], _ booted: BootedMachine) throws {
    let keyboard = try #require(booted.machine.keyboard.withLock { $0 })
    for code in scanCodes {
      #expect(keyboard.access { keyboard, cycle in keyboard.press(scancodes: [code], &cycle) })
      try #require(booted.machine.controllers.withLock { $0 }).access { controllers, _ in
        controllers.setLine(1, false)
        controllers.setLine(1, true)
        #expect(controllers.acknowledge() == 0x09)
      }
      _ = try booted.call(0x09, .init())
    }
  }

  private func key(_ booted: BootedMachine) throws -> UInt32? {
    let answer = try booted.call(0x16, .init(eax: 0x0100))
    guard !answer.zero else { return nil }
    return try booted.call(0x16, .init()).eax & 0xFFFF
  }

  @Test(
    "a key becomes its scan code and letter",
    arguments: [
      ([0x1E, 0x9E], 0x1E61), ([0x2A, 0x1E, 0x9E, 0xAA], 0x1E41), ([0x1D, 0x2E, 0xAE, 0x9D], 0x2E03),
      ([0x38, 0x1E, 0x9E, 0xB8], 0x1E00), ([0x1C, 0x9C], 0x1C0D), ([0xE0, 0x48, 0xE0, 0xC8], 0x4800), ([0x01, 0x81], 0x011B),
      ([0x3B, 0xBB], 0x3B00), ([0x2A, 0x3B, 0xBB, 0xAA], 0x5400), ([0x3A, 0xBA, 0x1E, 0x9E], 0x1E41), ([0x03, 0x83], 0x0332),
      ([0x57, 0xD7], 0x8500), ([0x39, 0xB9], 0x3920),
    ] as [([UInt8], UInt32)])
  func keys(scanCodes: [UInt8], expected: UInt32) throws {
    let booted = try BootedMachine(hasDisplay: true)
    try press(scanCodes, booted)
    #expect(try key(booted) == expected)
    #expect(try key(booted) == nil)
  }

  @Test("programs see which keys are held")
  func held() throws {
    let booted = try BootedMachine(hasDisplay: true)
    try press([0x2A, 0x1D], booted)
    #expect(try booted.call(0x16, .init(eax: 0x0200)).eax & 0xFF == 0x06)
    try press([0xAA, 0x9D], booted)
    #expect(try booted.call(0x16, .init(eax: 0x0200)).eax & 0xFF == 0)
  }

  @Test("any scan codes leave a ring of keys that is in order", arguments: 0..<8)
  func randomKeys(seed: Int) throws {
    let booted = try BootedMachine(hasDisplay: true)
    var state = UInt32(seed) &* 2_654_435_761 | 1
    for _ in 0..<100 {
      state = state &* 1_664_525 &+ 1_013_904_223
      try press([UInt8(state >> 24)], booted)
    }
    let tail: UInt16 = try booted.machine.memory.load(at: 0x41C)
    #expect((0x1E..<0x3E).contains(tail))
  }
}
