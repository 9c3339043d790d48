import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Testing

@Suite struct KeyboardControllerTests {
  static let data = 0, command = 1

  /// Reads what arrives, waiting for each byte as a driver does.
  func drain(_ keyboard: inout Bench<KeyboardController>) -> [UInt64] {
    var bytes: [UInt64] = []
    for _ in 0..<40 {
      keyboard.pass(nanoseconds: 50_000)
      guard keyboard.read(Self.command)[bit: 0] else { break }
      bytes.append(keyboard.read(Self.data))
    }
    return bytes
  }

  @Test func anIdleControllerIsReady() {
    var keyboard = Bench(KeyboardController())
    #expect(keyboard.read(Self.command) == 0x1C)
    #expect(keyboard.read(Self.data) == 0)
  }

  @Test(arguments: [(0xA9, 0x00), (0xAA, 0x55), (0xAB, 0x00), (0xC0, 0x80), (0xD0, 0x03)] as [(UInt64, UInt64)])
  func theControllerAnswers(command: UInt64, answer: UInt64) {
    var keyboard = Bench(KeyboardController())
    keyboard.write(command, Self.command)
    #expect(keyboard.read(Self.command) == 0x1D)
    #expect(drain(&keyboard) == [answer])
  }

  @Test(arguments: [0xFE, 0xF0] as [UInt64]) func pulsingTheResetLineResets(command: UInt64) {
    var keyboard = Bench(KeyboardController())
    keyboard.write(command, Self.command)
    #expect(keyboard.last.power == .reset)
    keyboard.write(0xFF, Self.command)
    #expect(keyboard.last.power == nil)
  }

  @Test func theOutputPortHoldsResetAndA20() {
    var keyboard = Bench(KeyboardController())
    keyboard.write(0xD1, Self.command)
    keyboard.write(0x01, Self.data)
    #expect(keyboard.last.power == nil)
    keyboard.write(0xD0, Self.command)
    #expect(drain(&keyboard) == [0x01])
    keyboard.write(0xDF, Self.command)
    keyboard.write(0xD0, Self.command)
    #expect(drain(&keyboard) == [0x03])
    keyboard.write(0xD1, Self.command)
    keyboard.write(0x02, Self.data)
    #expect(keyboard.last.power == .reset)
  }

  @Test func theConfigurationByteReadsBack() {
    var keyboard = Bench(KeyboardController())
    keyboard.write(0x60, Self.command)
    keyboard.write(0x30, Self.data)
    keyboard.write(0xA8, Self.command)
    keyboard.write(0x20, Self.command)
    #expect(drain(&keyboard) == [0x10])
  }

  @Test(
    arguments: [
      ([0xFF], [0xFA, 0xAA]), ([0xF2], [0xFA, 0xAB, 0x83]), ([0xF5, 0xF4, 0xF6], [0xFA, 0xFA, 0xFA]),
      ([0xED, 0x07], [0xFA, 0xFA]), ([0xF0, 0x00], [0xFA, 0xFA, 0x02]), ([0xF3, 0xFF], [0xFA, 0xFA]),
      ([0xEE], [0xEE]), ([0x01], [0xFE]),
    ] as [([UInt64], [UInt64])])
  func theKeyboardAnswers(commands: [UInt64], answers: [UInt64]) {
    var keyboard = Bench(KeyboardController())
    for byte in commands { keyboard.write(byte, Self.data) }
    #expect(drain(&keyboard) == answers)
  }

  @Test func eachKeyByteIsAnEdgeOfItsOwn() {
    var keyboard = Bench(KeyboardController())
    #expect(keyboard.cycle { $0.press(scancodes: [0x1E, 0x9E], &$1) })
    #expect(keyboard.line)
    #expect(keyboard.read(Self.data) == 0x1E)
    #expect(!keyboard.line)
    keyboard.pass(nanoseconds: 50_000)
    #expect(keyboard.line)
    #expect(keyboard.read(Self.data) == 0x9E)
    keyboard.pass(nanoseconds: 50_000)
    #expect(!keyboard.line)
  }

  @Test func aFullOrSilencedKeyboardTakesNoKeys() {
    var keyboard = Bench(KeyboardController())
    #expect(!keyboard.cycle { $0.press(scancodes: [UInt8](repeating: 1, count: 17), &$1) })
    keyboard.write(0xF5, Self.data)
    #expect(!keyboard.cycle { $0.press(scancodes: [1], &$1) })
  }

  @Test func aKeyWaitsWhileItsInterfaceIsOff() {
    var keyboard = Bench(KeyboardController())
    keyboard.write(0xAD, Self.command)
    _ = keyboard.cycle { $0.press(scancodes: [0x1E], &$1) }
    #expect(drain(&keyboard) == [])
    keyboard.write(0xAE, Self.command)
    #expect(drain(&keyboard) == [0x1E])
  }

  @Test func loopedBackBytesSayWhereTheyComeFrom() {
    var keyboard = Bench(KeyboardController())
    keyboard.write(0xD3, Self.command)
    keyboard.write(0x5A, Self.data)
    #expect(keyboard.read(Self.command) & 0x21 == 0x21)
    #expect(!keyboard.line)
    #expect(drain(&keyboard) == [0x5A])
    keyboard.write(0xD2, Self.command)
    keyboard.write(0xA5, Self.data)
    #expect(keyboard.line)
    #expect(drain(&keyboard) == [0xA5])
  }

  @Test func thereIsNoMouse() {
    var keyboard = Bench(KeyboardController())
    keyboard.write(0xD4, Self.command)
    keyboard.write(0xFF, Self.data)
    #expect(drain(&keyboard) == [0xFE])
  }

  @Test("C3 a byte of the mouse's raises the mouse's line, if that is on: so Linux finds the port")
  func mouseLine() {
    var keyboard = Bench(KeyboardController())
    keyboard.write(0xD3, Self.command)
    keyboard.write(0xA5, Self.data)
    #expect(keyboard.last.lines.isEmpty && keyboard.read(Self.data) == 0xA5)
    keyboard.write(0x60, Self.command)
    keyboard.write(0x47, Self.data)
    keyboard.now = .seconds(1)
    keyboard.write(0xD3, Self.command)
    keyboard.write(0xA5, Self.data)
    #expect(keyboard.last.lines.map(\.line) == [12] && keyboard.last.lines.map(\.level) == [true])
    #expect(!keyboard.line, "the keyboard's line is another one")
    #expect(keyboard.read(Self.data) == 0xA5)
    #expect(keyboard.last.lines.map(\.level) == [false])
  }

  @Test("SE-01 floods and any access stay bounded")
  func hammering() {
    var keyboard = Bench(KeyboardController())
    for _ in 0..<10_000 { keyboard.write(0xAA, Self.command) }
    for _ in 0..<10_000 { keyboard.write(0xF2, Self.data) }
    #expect(drain(&keyboard).count <= 33)
    keyboard.hammer(byteCount: 2)
  }
}
