import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Testing

@Suite struct PowerManagementTests {
  static let status = 0, enable = 2, control = 4, timer = 8

  @Test func sleepTypeZeroTurnsTheMachineOff() {
    var pm = Bench(PowerManagement())
    pm.write(0x2001, Self.control, .word)
    #expect(pm.last.power == .off)
    #expect(pm.read(Self.control, .word) == 1)
  }

  @Test("AC-01 unknown sleep types and repeated shutdowns do no harm")
  func unknownSleepTypes() {
    var pm = Bench(PowerManagement())
    for type in UInt64(1)...7 {
      pm.write(0x2000 | type << 10, Self.control, .word)
      #expect(pm.last.power == nil)
    }
    for _ in 0..<3 {
      pm.write(0x2000, Self.control, .word)
      #expect(pm.last.power == .off)
    }
  }

  @Test("AC-01 any width at any offset is answered")
  func hammering() {
    var pm = Bench(PowerManagement())
    pm.hammer(byteCount: 0x84)
    #expect(pm.read(0x83, .word) == 0xFF00)
    #expect(pm.read(0x40, .qword) == 0)
  }

  @Test func thePowerButtonInterruptsUntilAcknowledged() {
    var pm = Bench(PowerManagement())
    pm.write(0x0120, Self.enable, .word)
    pm.cycle { $0.pressPowerButton(&$1) }
    #expect(pm.line)
    #expect(pm.read(Self.status, .word) == 0x0100)
    pm.write(0x0100, Self.status, .word)
    #expect(!pm.line)
    #expect(pm.read(Self.status, .word) == 0)
  }

  @Test func aButtonNobodyListensToIsSilent() {
    var pm = Bench(PowerManagement())
    pm.cycle { $0.pressPowerButton(&$1) }
    #expect(!pm.line)
    pm.write(0x0100, Self.enable, .word)
    #expect(pm.line)
  }

  @Test func theTimerCountsTwentyFourBits() {
    var pm = Bench(PowerManagement())
    pm.now = .seconds(1)
    #expect(pm.read(Self.timer, .dword) == 3_579_545)
    pm.now = .seconds(5)
    #expect(pm.read(Self.timer, .dword) == 5 * 3_579_545 - 0x100_0000)
    #expect(pm.read(Self.timer + 1, .byte) == (5 * 3_579_545 - 0x100_0000) >> 8 & 0xFF)
  }

  @Test func theTimersTopBitInterruptsEveryTwoSecondsAndAThird() {
    var pm = Bench(PowerManagement())
    pm.write(0x0001, Self.enable, .word)
    pm.pass(nanoseconds: 2_343_000_000)
    #expect(!pm.line)
    pm.pass(nanoseconds: 1_000_000)
    #expect(pm.line)
    #expect(pm.device.deadline == nil, "nothing more happens until it is acknowledged")
    pm.write(0x0001, Self.status, .word)
    #expect(!pm.line)
    pm.pass(nanoseconds: 2_344_000_000)
    #expect(pm.line)
  }

  @Test func firmwareBelievesSystemManagementIsSetUp() {
    var pm = Bench(PowerManagement())
    pm.write(0, 0x30, .dword)
    #expect(pm.read(0x30, .dword) == 0x20)
    #expect(pm.read(0x34, .dword) == 0)
  }

  @Test func generalEventsCanBeEnabledAndNeverHappen() {
    var pm = Bench(PowerManagement())
    pm.write(0xFFFF_FFFF_FFFF_FFFF, 0x28, .qword)
    #expect(pm.read(0x28, .dword) == 0xFFFF_FFFF)
    #expect(pm.read(0x20, .qword) == 0)
    #expect(!pm.line)
  }
}
