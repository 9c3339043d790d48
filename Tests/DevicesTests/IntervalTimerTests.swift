import DeviceModel
import Devices
import Primitives
import Testing

@Suite struct IntervalTimerTests {
  private static func tick(_ count: UInt64) -> Instant { .tick(count, hertz: IntervalTimer.hertz) }

  /// A timer whose channel was given a control word and a two-byte count at tick 100.
  private static func timer(_ control: UInt64, count: UInt64, channel: Int = 0, gate: Bool = false) -> IntervalTimer {
    var pit = IntervalTimer()
    if gate { pit.out(1, 4, at: tick(100)) }
    pit.out(control, 3, at: tick(100))
    pit.out(count & 0xFF, channel, at: tick(100))
    pit.out(count >> 8, channel, at: tick(100))
    return pit
  }

  private static func word(_ pit: inout IntervalTimer, channel: Int, at ticks: UInt64) -> Int {
    let low = pit.in(channel, at: tick(ticks))
    return Int(low) | Int(pit.in(channel, at: tick(ticks))) << 8
  }

  /// Ticks at which IRQ 0 rises while the machine keeps every deadline.
  private static func rises(_ pit: inout IntervalTimer, count: Int) -> [UInt64] {
    var result: [UInt64] = []
    for _ in 0..<(count * 2 + 2) {
      guard result.count < count, let deadline = pit.deadline else { break }
      var cycle = Cycle(at: deadline)
      pit.advance(&cycle)
      if cycle.interrupt == true { result.append(deadline.ticks(hertz: IntervalTimer.hertz)) }
    }
    return result
  }

  @Test func aTickIsReachedAtItsDeadlineAndNotBefore() {
    for count in [1, 2, 1_193_182, 987_654_321] as [UInt64] {
      let deadline = Self.tick(count)
      #expect(deadline.ticks(hertz: IntervalTimer.hertz) == count)
      #expect(Instant(nanoseconds: deadline.nanoseconds - 1).ticks(hertz: IntervalTimer.hertz) == count - 1)
    }
    #expect(Instant.tick(.max, hertz: 1) == Instant(nanoseconds: .max))
  }

  @Test func terminalCountInterruptsOnceAfterTheCount() {
    var pit = Self.timer(0x30, count: 1000)
    #expect(Self.rises(&pit, count: 2) == [1101])
    #expect(pit.deadline == nil)
  }

  @Test(arguments: [0x34, 0x36] as [UInt64])
  func periodicModesInterruptEveryCount(control: UInt64) {
    var pit = Self.timer(control, count: 1193)
    #expect(Self.rises(&pit, count: 3) == [1294, 2487, 3680])
  }

  @Test func aStrobeInterruptsOneTickAfterItsCount() {
    var pit = Self.timer(0x38, count: 500)
    #expect(Self.rises(&pit, count: 2) == [602])
    pit.out(0x10, 0, at: Self.tick(700))
    pit.out(0x00, 0, at: Self.tick(700))
    #expect(Self.rises(&pit, count: 2) == [718])
  }

  @Test func aCountOfZeroMeans65536() {
    var pit = Self.timer(0x34, count: 0)
    #expect(Self.rises(&pit, count: 2) == [101 + 65536, 101 + 131072])
  }

  @Test func aNewPeriodBeginsWhenTheOldOneEnds() {
    var pit = Self.timer(0x34, count: 1000)
    pit.out(0xD0, 0, at: Self.tick(300))
    pit.out(0x07, 0, at: Self.tick(300))
    #expect(Self.rises(&pit, count: 3) == [1101, 3101, 5101])
  }

  @Test func missedPeriodsAreOneInterrupt() {
    var pit = Self.timer(0x34, count: 1000)
    var rises = 0
    for _ in 0..<10 {
      guard let deadline = pit.deadline, deadline <= Self.tick(50_500) else { break }
      var cycle = Cycle(at: Self.tick(50_500))
      pit.advance(&cycle)
      if cycle.interrupt == true { rises += 1 }
    }
    #expect(rises == 1)
    #expect(Self.rises(&pit, count: 1) == [51_101])
  }

  @Test("TM-01 a period of one tick interrupts no faster than every 20 us", arguments: [0x34, 0x36] as [UInt64])
  func tinyPeriod(control: UInt64) {
    var pit = Self.timer(control, count: 1)
    let rises = Self.rises(&pit, count: 50)
    #expect(rises.count == 50)
    for (early, late) in zip(rises, rises.dropFirst()) { #expect(late - early >= 23) }
  }

  @Test func readingCountsDown() {
    var pit = Self.timer(0x34, count: 1000)
    #expect(Self.word(&pit, channel: 0, at: 101) == 1000)
    #expect(Self.word(&pit, channel: 0, at: 1100) == 1)
    #expect(Self.word(&pit, channel: 0, at: 1101) == 1000)
  }

  @Test func squareWaveCountsByTwo() {
    var pit = Self.timer(0x36, count: 1001)
    #expect(Self.word(&pit, channel: 0, at: 101) == 1000)
    #expect(Self.word(&pit, channel: 0, at: 601) == 0)
    #expect(Self.word(&pit, channel: 0, at: 602) == 1000)
  }

  @Test func terminalCountWrapsAndGoesOn() {
    var pit = Self.timer(0x30, count: 10)
    #expect(Self.word(&pit, channel: 0, at: 111) == 0)
    #expect(Self.word(&pit, channel: 0, at: 112) == 0xFFFF)
  }

  @Test func aLatchedCountStaysUntilBothBytesAreRead() {
    var pit = Self.timer(0x34, count: 0x1234)
    pit.out(0x00, 3, at: Self.tick(101))
    #expect(pit.in(0, at: Self.tick(200)) == 0x34)
    #expect(pit.in(0, at: Self.tick(900)) == 0x12)
    #expect(Self.word(&pit, channel: 0, at: 901) == 0x1234 - 800)
  }

  @Test func readBackLatchesStatusBeforeCount() {
    var pit = Self.timer(0x34, count: 1000)
    pit.out(0xC2, 3, at: Self.tick(101))
    #expect(pit.in(0, at: Self.tick(102)) == 0xB4)
    #expect(Self.word(&pit, channel: 0, at: 300) == 1000)
    pit.out(0x36, 3, at: Self.tick(400))
    pit.out(0xE2, 3, at: Self.tick(400))
    #expect(pit.in(0, at: Self.tick(400)) == 0xF6, "no count yet")
  }

  @Test func decimalCountsWrapAtTenThousand() {
    var pit = Self.timer(0x31, count: 0x0010)
    #expect(Self.word(&pit, channel: 0, at: 102) == 0x0009)
    #expect(Self.word(&pit, channel: 0, at: 112) == 0x9999)
  }

  @Test func onlyTheHighByteIsReadInHighByteMode() {
    var pit = IntervalTimer()
    pit.out(0x20, 3, at: Self.tick(100))
    pit.out(0x12, 0, at: Self.tick(100))
    #expect(pit.in(0, at: Self.tick(101)) == 0x12)
    #expect(pit.in(0, at: Self.tick(102)) == 0x11)
  }

  @Test func theSecondGateStartsCalibrationAndItsEndIsVisible() {
    var pit = Self.timer(0xB0, count: 1000, channel: 2, gate: true)
    #expect(pit.in(4, at: Self.tick(1100)) & 0x20 == 0)
    #expect(pit.in(4, at: Self.tick(1101)) & 0x20 == 0x20)
  }

  @Test func aClosedGatePausesTheCount() {
    var pit = Self.timer(0xB0, count: 1000, channel: 2, gate: true)
    pit.out(0, 4, at: Self.tick(501))
    #expect(Self.word(&pit, channel: 2, at: 5000) == 600)
    pit.out(1, 4, at: Self.tick(6000))
    #expect(pit.in(4, at: Self.tick(6599)) & 0x20 == 0)
    #expect(pit.in(4, at: Self.tick(6600)) & 0x20 == 0x20)
  }

  @Test func oneShotWaitsForTheGate() {
    var pit = Self.timer(0xB2, count: 50, channel: 2)
    #expect(pit.in(4, at: Self.tick(400)) & 0x20 == 0x20)
    pit.out(1, 4, at: Self.tick(500))
    #expect(pit.in(4, at: Self.tick(520)) & 0x20 == 0)
    #expect(pit.in(4, at: Self.tick(551)) & 0x20 == 0x20)
  }

  @Test func aHardwareStrobeIsLowForOneTick() {
    var pit = Self.timer(0xBA, count: 50, channel: 2)
    pit.out(1, 4, at: Self.tick(500))
    let outputs = (549...553).map { pit.in(4, at: Self.tick($0)) & 0x20 != 0 }
    #expect(outputs == [true, true, false, true, true])
  }

  @Test func theRefreshBitToggles() {
    var pit = IntervalTimer()
    #expect(pit.in(4, at: Self.tick(0)) & 0x10 != pit.in(4, at: Self.tick(18)) & 0x10)
  }

  @Test func systemPortKeepsItsLowBitsOnly() {
    var pit = IntervalTimer()
    pit.out(0xFE, 4)
    #expect(pit.in(4) & 0xCF == 0x0E)
  }
}
