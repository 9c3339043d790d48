import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Testing

/// The watchdog in the power management block, as Linux' iTCO_wdt uses it.
@Suite struct WatchdogTimerTests {
  static let reload = 0x60, status = 0x64, secondStatus = 0x66, control = 0x68, period = 0x72, noReboot = 0x80
  static let halted: UInt64 = 0x0800
  static let second: UInt64 = 1_000_000_000

  /// A driver asks for so many ticks of 0.6 seconds and opens the watchdog.
  private func started(ticks: UInt64) -> Bench<PowerManagement> {
    var chip = Bench(PowerManagement())
    chip.write(ticks, Self.period, .word)
    chip.write(1, Self.reload, .word)
    chip.write(0, Self.control, .word)
    return chip
  }

  @Test("C3 the time that a driver asks for is kept")
  func periods() {
    var chip = Bench(PowerManagement())
    chip.write(25, Self.period, .word)
    #expect(chip.read(Self.period, .word) == 25)
    chip.write(3, Self.period, .word)
    #expect(chip.read(Self.period, .word) == 25, "less than four ticks are not taken")
    chip.write(0xFFFF, Self.period, .word)
    #expect(chip.read(Self.period, .word) == 0x3FF)
  }

  @Test("C3 nobody who has not started it hears of it")
  func quiet() {
    var chip = Bench(PowerManagement())
    #expect(chip.read(Self.control, .word) == Self.halted)
    #expect(chip.device.deadline == nil)
    chip.write(1, Self.reload, .word)
    chip.pass(nanoseconds: 1000 * Self.second)
    #expect(chip.read(Self.status, .word) == 0)
  }

  @Test("C3 the second time that it runs out, the guest is given up")
  func runsOut() {
    var chip = started(ticks: 25)
    chip.pass(nanoseconds: 15 * Self.second)
    #expect(chip.last.power == nil)
    #expect(chip.read(Self.status, .word) == 0x0008)
    chip.pass(nanoseconds: 14 * Self.second)
    #expect(chip.last.power == nil)
    chip.pass(nanoseconds: Self.second)
    #expect(chip.last.power == .watchdog)
    #expect(chip.read(Self.secondStatus, .word) == 0x0006)
  }

  @Test("C3 whoever feeds it in time lives, even after it has run out once")
  func fed() {
    var chip = started(ticks: 25)
    for _ in 0..<10 {
      chip.pass(nanoseconds: 20 * Self.second)
      #expect(chip.last.power == nil)
      chip.write(1, Self.reload, .word)
      #expect(chip.read(Self.reload, .word) == 25)
    }
    chip.pass(nanoseconds: 6 * Self.second)
    #expect(chip.read(Self.reload, .word) == 15, "what is left can be read")
  }

  @Test("C3 a driver that stops it stops its time")
  func stopped() {
    var chip = started(ticks: 10)
    chip.pass(nanoseconds: 3 * Self.second)
    chip.write(Self.halted, Self.control, .word)
    #expect(chip.device.deadline == nil)
    chip.pass(nanoseconds: 100 * Self.second)
    #expect(chip.read(Self.reload, .word) == 5)
    chip.write(0, Self.control, .word)
    chip.pass(nanoseconds: 3 * Self.second)
    #expect(chip.read(Self.status, .word) == 0x0008)
  }

  @Test("C3 with NO_REBOOT set it runs out and nothing comes of it")
  func harmless() {
    var chip = started(ticks: 4)
    chip.write(0xFFFF_FFFF, Self.noReboot, .dword)
    #expect(chip.read(Self.noReboot, .dword) == 0x20)
    chip.pass(nanoseconds: 100 * Self.second)
    #expect(chip.last.power == nil)
    #expect(chip.read(Self.secondStatus, .word) == 0x0006)
    chip.write(0, Self.noReboot, .dword)
    #expect(chip.read(Self.noReboot, .dword) == 0, "iTCO_wdt looks whether it could clear it")
  }

  @Test("C3 statuses are cleared by writing ones")
  func statuses() {
    var chip = started(ticks: 4)
    chip.pass(nanoseconds: 5 * Self.second)
    chip.write(0x0002, Self.secondStatus, .word)
    #expect(chip.read(Self.secondStatus, .word) == 0x0004)
    chip.write(0x0008, Self.status, .word)
    #expect(chip.read(Self.status, .word) == 0)
  }

  @Test("C3 after a reset it stands still, and tells why there was one")
  func reset() {
    var chip = started(ticks: 4)
    chip.pass(nanoseconds: 5 * Self.second)
    chip.device.reset()
    #expect(chip.device.deadline == nil)
    #expect(chip.read(Self.secondStatus, .word) == 0x0006)
    #expect(chip.read(Self.status, .word) == 0)
  }

  @Test("C3 a lock holds until a reset")
  func lock() {
    var chip = started(ticks: 4)
    chip.write(0x1000, Self.control, .word)
    chip.write(0, Self.control, .word)
    #expect(chip.read(Self.control, .word) == 0x1000)
    chip.device.reset()
    #expect(chip.read(Self.control, .word) == Self.halted)
  }

  @Test("C3 a host that was late gives the guest its second period all the same")
  func lateHost() {
    var chip = started(ticks: 4)
    chip.now = .seconds(1000)
    chip.cycle { $0.advance(&$1) }
    #expect(chip.last.power == nil)
    #expect(chip.device.deadline == .seconds(1000) + 2_400_000_000)
  }
}
