@testable import Machine
import Primitives
import Synchronization
import SystemBus
import Testing

@Suite struct KeyScriptTests {
  private func steps(_ text: String) throws -> [KeyScript.Step] { try KeyScript(text).steps.map(\.step) }

  @Test func aScriptIsOneStepALine() throws {
    let script = """
      # GRUB's second entry
      wait "GNU GRUB"

      wait 500ms
      press down\r
      type lS
      screenshot a picture.png
      quit
      """
    #expect(
      try steps(script) == [
        .waitForText("GNU GRUB"), .pause(nanoseconds: 500_000_000), .press([0xE0, 0x50, 0xE0, 0xD0]),
        .press([0x26, 0xA6]), .press([0x2A, 0x1F, 0x9F, 0xAA]), .screenshot("a picture.png"), .quit,
      ])
  }

  @Test(
    arguments: [
      ("ret", [0x1C, 0x9C]), ("f1", [0x3B, 0xBB]), ("F12", [0x58, 0xD8]), ("a", [0x1E, 0x9E]), ("-", [0x0C, 0x8C]),
      ("ctrl-c", [0x1D, 0x2E, 0xAE, 0x9D]), ("ctrl--", [0x1D, 0x0C, 0x8C, 0x9D]),
      ("ctrl-alt-del", [0x1D, 0x38, 0xE0, 0x53, 0xE0, 0xD3, 0xB8, 0x9D]),
    ] as [(String, [UInt8])])
  func aKeyHasItsScanCodes(name: String, codes: [UInt8]) {
    #expect(KeyboardLayout.press(named: name) == codes)
  }

  @Test func everyPrintableLetterCanBeTyped() {
    for code in UInt8(0x20)..<0x7F { #expect(KeyboardLayout.press(Character(UnicodeScalar(code))) != nil) }
  }

  @Test(
    "KY-01 a line that says nothing is refused by its number",
    arguments: [
      "wait", "wait \"", "wait 3", "wait x s", "wait 1e30s", "wait -1s", "type", "type ä", "press", "press foo", "press ctrl-",
      "press ctrl-ctrl-a", "press \0", "type \0", "screenshot", "quit now", "dance", "wait 90000s",
    ])
  func badLines(line: String) {
    let problem = #expect(throws: KeyScript.Problem.self) { try KeyScript("# one\n\(line)\n") }
    #expect(problem?.line == 2)
  }

  // MARK: Carrying it out

  /// A guest with a keyboard, a console, a screen and a clock.
  private final class Desk: Sendable {
    let clock = Mutex<UInt64>(0)
    let pressed = Mutex<[UInt8]>([])
    let isFull = Mutex(false)
    let lines = Mutex<[String]>([])
    let pictures = Mutex<[String]>([])
    let hasQuit = Mutex(false)

    func makeOperator(_ script: String) throws -> KeyOperator {
      KeyOperator(
        try KeyScript(script), file: "keys",
        hands: .init(
          now: { Instant(nanoseconds: self.clock.withLock { $0 }) },
          press: { codes in
            if self.isFull.withLock({ $0 }) { return false }
            self.pressed.withLock { $0 += codes }
            return true
          },
          screenLines: { self.lines.withLock { $0 } },
          takePicture: { path in self.pictures.withLock { $0.append(path) } },
          quit: { self.hasQuit.withLock { $0 = true } }))
    }

    /// Lets time pass as far as the script wants, so many times.
    func advance(_ keys: KeyOperator, _ count: Int = 1) {
      for _ in 0..<count {
        guard let deadline = keys.deadline else { return }
        clock.withLock { $0 = max($0, deadline.nanoseconds) }
        keys.advance()
      }
    }
  }

  @Test func aTextOnTheConsoleIsWaitedForAndOnlyOnce() throws {
    let desk = Desk()
    let keys = try desk.makeOperator("wait \"login:\"\npress a\nwait \"login:\"\npress b")
    desk.advance(keys, 5)
    #expect(desk.pressed.withLock { $0.isEmpty })
    for byte in "\u{1B}[1mlogin: ".utf8 { keys.hear(byte) }
    desk.advance(keys, 10)
    #expect(desk.pressed.withLock { $0 } == [0x1E, 0x9E])
    #expect(keys.note == "keys: line 3 waited for \"login:\" when the run ended.")
    for byte in "login:".utf8 { keys.hear(byte) }
    desk.advance(keys, 10)
    #expect(desk.pressed.withLock { $0.count } == 4)
    #expect(keys.note == nil && keys.deadline == nil)
  }

  @Test func aTextOnTheScreenIsSeen() throws {
    let desk = Desk()
    let keys = try desk.makeOperator("wait \"Memtest\"\nscreenshot a.png\nquit")
    desk.advance(keys, 3)
    desk.lines.withLock { $0 = ["  Memtest86+ v6"] }
    desk.advance(keys, 3)
    #expect(desk.pictures.withLock { $0 } == ["a.png"])
    #expect(desk.hasQuit.withLock { $0 })
  }

  @Test func aFullKeyboardLosesNoKey() throws {
    let desk = Desk()
    let keys = try desk.makeOperator("wait 2s\ntype ab")
    desk.isFull.withLock { $0 = true }
    desk.advance(keys, 5)
    #expect(desk.clock.withLock { $0 } >= 2_000_000_000)
    desk.isFull.withLock { $0 = false }
    desk.advance(keys, 5)
    #expect(desk.pressed.withLock { $0 } == [0x1E, 0x9E, 0x30, 0xB0])
  }

  @Test("KY-02 a console without end does not fill our memory, and its newest text is found")
  func endlessConsole() throws {
    let desk = Desk()
    let keys = try desk.makeOperator("wait \"needle\"\npress a")
    for round in 0..<20 {
      for _ in 0..<10_000 { keys.hear(UInt8(ascii: "x")) }
      if round % 3 == 0 { desk.advance(keys) }
    }
    for byte in "needle".utf8 { keys.hear(byte) }
    desk.advance(keys, 3)
    #expect(desk.pressed.withLock { $0.count } == 2)
  }
}
