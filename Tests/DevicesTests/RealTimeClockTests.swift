import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Testing

@Suite struct RealTimeClockTests {
  /// 2026-02-28 23:59:58 UTC, a Saturday.
  static let eve: Int64 = 1_772_323_198
  static let mebibyte: UInt64 = 1 << 20

  func clock(
    at seconds: Int64 = eve, low: UInt64 = 256 * mebibyte, high: UInt64 = 0, cpuCount: Int = 2
  ) -> Bench<RealTimeClock> {
    Bench(
      RealTimeClock(
        board: .init(lowMemory: low, highMemory: high, cpuCount: cpuCount), secondsSince1970: seconds))
  }

  func read(_ field: UInt64, _ clock: inout Bench<RealTimeClock>) -> UInt64 {
    clock.write(field, 0)
    return clock.read(1)
  }

  func write(_ value: UInt64, _ field: UInt64, _ clock: inout Bench<RealTimeClock>) {
    clock.write(field, 0)
    clock.write(value, 1)
  }

  /// Century, year, month, day, weekday, hour, minute, second.
  func time(_ clock: inout Bench<RealTimeClock>) -> [UInt64] {
    [0x32, 9, 8, 7, 6, 4, 2, 0].map { read($0, &clock) }
  }

  @Test func theClockShowsWallTimeInDecimal() {
    var clock = clock()
    #expect(time(&clock) == [0x20, 0x26, 0x02, 0x28, 0x07, 0x23, 0x59, 0x58])
    clock.pass(nanoseconds: 2_000_000_000)
    #expect(time(&clock) == [0x20, 0x26, 0x03, 0x01, 0x01, 0x00, 0x00, 0x00])
  }

  @Test(
    arguments: [
      (951_782_400, [0x20, 0x00, 0x02, 0x29, 0x03]), (0, [0x19, 0x70, 0x01, 0x01, 0x05]),
      (4_107_542_400, [0x21, 0x00, 0x03, 0x01, 0x02]),
    ] as [(Int64, [UInt64])])
  func leapDaysAndCenturiesAreRight(seconds: Int64, date: [UInt64]) {
    var clock = clock(at: seconds)
    #expect(time(&clock).prefix(5) == date[...])
  }

  @Test func theGuestMayChooseBinaryAndTwelveHours() {
    var clock = clock()
    write(0x04, 0x0B, &clock)
    #expect(time(&clock) == [20, 26, 2, 28, 7, 0x80 | 11, 59, 58])
    clock.pass(nanoseconds: 2_000_000_000)
    #expect(read(4, &clock) == 12)
  }

  @Test func theGuestSetsTheClockWhileItIsHeld() {
    var clock = clock()
    write(0x82, 0x0B, &clock)
    clock.pass(nanoseconds: 5_000_000_000)
    #expect(read(0, &clock) == 0x58)
    for (field, value) in [(0, 0x10), (2, 0x20), (4, 0x13), (7, 0x31), (8, 0x12), (9, 0x99), (0x32, 0x19)] as [(UInt64, UInt64)] {
      write(value, field, &clock)
    }
    write(0x02, 0x0B, &clock)
    clock.pass(nanoseconds: 3_000_000_000)
    #expect(time(&clock) == [0x19, 0x99, 0x12, 0x31, 0x06, 0x13, 0x20, 0x13])
  }

  @Test func anUpdateIsAnnouncedBeforeItHappens() {
    var clock = clock()
    #expect(read(0x0A, &clock) == 0x26)
    clock.pass(nanoseconds: 999_800_000)
    #expect(read(0x0A, &clock) == 0xA6)
    clock.pass(nanoseconds: 200_000)
    #expect(read(0x0A, &clock) == 0x26)
  }

  @Test func updateInterruptsComeOnceASecondWhenServed() {
    var clock = clock()
    write(0x12, 0x0B, &clock)
    for _ in 0..<3 {
      clock.pass(nanoseconds: 1_000_000_000)
      #expect(clock.line)
      #expect(read(0x0C, &clock) & 0x90 == 0x90)
      #expect(!clock.line)
      #expect(read(0x0C, &clock) == 0)
    }
  }

  @Test func theAlarmRingsAtItsTime() {
    var clock = clock()
    for (field, value) in [(1, 0x05), (3, 0x01), (5, 0x00)] as [(UInt64, UInt64)] { write(value, field, &clock) }
    write(0x22, 0x0B, &clock)
    clock.pass(nanoseconds: 66_000_000_000)
    #expect(!clock.line)
    clock.pass(nanoseconds: 1_000_000_000)
    #expect(clock.line)
    #expect(read(0x0C, &clock) & 0xA0 == 0xA0)
  }

  @Test func anAlarmOfWildcardsRingsEverySecond() {
    var clock = clock()
    for field in [1, 3, 5] as [UInt64] { write(0xFF, field, &clock) }
    write(0x22, 0x0B, &clock)
    clock.pass(nanoseconds: 1_000_000_000)
    #expect(clock.line)
  }

  @Test func anImpossibleAlarmNeverRings() {
    var clock = clock()
    write(0x77, 1, &clock)
    write(0x22, 0x0B, &clock)
    #expect(clock.device.deadline == nil)
  }

  @Test func thePeriodicInterruptRunsAtTheChosenRate() {
    var clock = clock()
    write(0x42, 0x0B, &clock)
    clock.pass(nanoseconds: 976_562)
    #expect(!clock.line)
    clock.pass(nanoseconds: 1)
    #expect(clock.line)
    #expect(read(0x0C, &clock) == 0xC0)
    #expect(clock.device.deadline == Instant(nanoseconds: 1_953_125))
  }

  @Test("TM-01 the fastest period is bounded, and an unserved interrupt costs one call")
  func fastestPeriod() {
    var clock = clock()
    for rate in UInt64(0)...15 {
      write(0x20 | rate, 0x0A, &clock)
      write(0x42, 0x0B, &clock)
      if let deadline = clock.device.deadline { #expect(deadline.since(clock.now) >= 61_000 || rate > 0) }
      #expect(clock.pass(nanoseconds: 10_000_000_000) <= 1)
      _ = read(0x0C, &clock)
    }
  }

  @Test("TM-01 an index beyond the memory wraps, and any access is answered")
  func hammering() {
    var clock = clock()
    clock.write(0x8D, 0)
    #expect(clock.read(1) == 0x80)
    clock.hammer(byteCount: 2, rounds: 5_000)
    clock.now = .seconds(1 << 33)
    clock.hammer(byteCount: 2)
  }

  @Test func firmwareLearnsTheBoardFromTheMemory() {
    var clock = clock(low: 2048 * Self.mebibyte, high: 3072 * Self.mebibyte, cpuCount: 4)
    #expect([0x15, 0x16].map { read($0, &clock) } == [0x80, 0x02])
    #expect([0x30, 0x31].map { read($0, &clock) } == [0xFF, 0xFF])
    #expect([0x34, 0x35].map { read($0, &clock) } == [0x00, 0x7F])
    #expect([0x5B, 0x5C, 0x5D].map { read($0, &clock) } == [0x00, 0xC0, 0x00])
    #expect([0x38, 0x3D, 0x5F, 0x0D].map { read($0, &clock) } == [0x11, 0x32, 3, 0x80])
  }

  @Test func aMachineOfOneMebibyteHasNoExtendedMemory() {
    var clock = clock(low: Self.mebibyte, cpuCount: 0)
    #expect([0x17, 0x18, 0x30, 0x31, 0x34, 0x35, 0x5F].map { read($0, &clock) } == [0, 0, 0, 0, 0, 0, 0])
  }

  @Test func resetSilencesTheClockAndKeepsTheMemory() {
    var clock = clock()
    write(0xFE, 0x0F, &clock)
    write(0x72, 0x0B, &clock)
    clock.pass(nanoseconds: 1_000_000_000)
    clock.device.reset()
    #expect(read(0x0F, &clock) == 0xFE)
    #expect(read(0x0B, &clock) == 0x02)
    #expect(read(0x00, &clock) == 0x59)
    #expect(clock.device.deadline == nil)
  }
}
