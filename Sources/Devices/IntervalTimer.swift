public import DeviceModel
public import Primitives

/// The 8254 timer at ports 40 to 43, with the system port 61 that gates and shows its third channel.
///
/// Channel 0 drives IRQ 0. Offsets 0 to 3 are the timer, 4 is port 61.
public struct IntervalTimer: Device {
  public static let placement = Placement(
    "pit", ports: [PortRange(0x40, count: 4), PortRange(0x61, count: 1)], line: 0, acpiID: "PNP0100")

  /// Its input clock.
  public static let hertz: UInt64 = 1_193_182
  /// Interrupts come no closer than this many ticks (20 us), however short the guest's period.
  static let shortestPeriod: UInt64 = 24
  /// Port 61 bit 4 shows memory refresh: a toggle every 15 us.
  private static let refreshTicks: UInt64 = 18

  private var channels = (
    TimerChannel(gate: true), TimerChannel(gate: true), TimerChannel(gate: false)
  )
  /// Port 61, bits 0 to 3: channel 2's gate, speaker, and two parity enables.
  private var systemPort: UInt8 = 0
  private var line = false
  private var fall: UInt64?
  private var rise: UInt64?

  public init() {}

  public mutating func reset() { self = IntervalTimer() }

  // MARK: Registers

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    width.value { readByte(at: offset &+ $0, tick: Self.tick(cycle)) }
  }

  public mutating func write(
    _ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle
  ) {
    width.forEachByte(of: value) { writeByte($1, at: offset &+ $0, &cycle) }
  }

  private mutating func readByte(at offset: Int, tick: UInt64) -> UInt8 {
    switch offset {
    case 0: return channels.0.readByte(at: tick)
    case 1: return channels.1.readByte(at: tick)
    case 2: return channels.2.readByte(at: tick)
    case 4:
      var value = systemPort
      value[bit: 4] = tick / Self.refreshTicks & 1 == 1
      value[bit: 5] = channels.2.output(at: tick)
      return value
    default: return 0xFF
    }
  }

  private mutating func writeByte(_ value: UInt8, at offset: Int, _ cycle: inout Cycle) {
    let tick = Self.tick(cycle)
    switch offset {
    case 0:
      if channels.0.writeByte(value, at: tick) { schedule(after: tick, &cycle) }
    case 1: _ = channels.1.writeByte(value, at: tick)
    case 2: _ = channels.2.writeByte(value, at: tick)
    case 3: control(value, tick, &cycle)
    case 4:
      systemPort = value & 0x0F
      channels.2.setGate(value[bit: 0], at: tick)
    default: return
    }
  }

  private mutating func control(_ word: UInt8, _ tick: UInt64, _ cycle: inout Cycle) {
    switch word[bits: 6...7] {
    case 0:
      if Self.command(word, &channels.0, tick) { schedule(after: tick, &cycle) }
    case 1: _ = Self.command(word, &channels.1, tick)
    case 2: _ = Self.command(word, &channels.2, tick)
    default:
      if word[bit: 1] { Self.latch(word, &channels.0, tick) }
      if word[bit: 2] { Self.latch(word, &channels.1, tick) }
      if word[bit: 3] { Self.latch(word, &channels.2, tick) }
    }
  }

  /// A latch command or a new mode for one channel. True if it is a new mode.
  private static func command(_ word: UInt8, _ channel: inout TimerChannel, _ tick: UInt64) -> Bool {
    guard word[bits: 4...5] != 0 else {
      channel.latchCount(at: tick)
      return false
    }
    channel.configure(word)
    return true
  }

  /// The read-back command for one channel.
  private static func latch(_ word: UInt8, _ channel: inout TimerChannel, _ tick: UInt64) {
    if !word[bit: 5] { channel.latchCount(at: tick) }
    if !word[bit: 4] { channel.latchStatus(at: tick) }
  }

  // MARK: IRQ 0

  public var deadline: Instant? {
    (line ? fall : rise).map { Instant.tick($0, hertz: Self.hertz) }
  }

  /// Moves the line by at most one edge; what was missed meanwhile is one interrupt, not many.
  ///
  /// A periodic line stays high for half a period also in mode 2, whose true low pulse of one tick nobody
  /// could see.
  public mutating func advance(_ cycle: inout Cycle) {
    let tick = Self.tick(cycle)
    if line {
      guard let edge = fall, edge <= tick else { return }
      fall = nil
      drive(false, &cycle)
    } else {
      guard let edge = rise, edge <= tick else { return }
      drive(true, &cycle)
      plan(after: tick)
    }
  }

  private mutating func schedule(after tick: UInt64, _ cycle: inout Cycle) {
    // A count for the next period leaves the present one alone.
    if channels.0.mode.isPeriodic, line ? fall != nil : rise != nil, channels.0.start != nil { return }
    drive(channels.0.output(at: tick), &cycle)
    plan(after: tick)
  }

  private mutating func plan(after tick: UInt64) {
    guard let next = channels.0.nextRise(after: tick) else {
      (fall, rise) = (nil, nil)
      return
    }
    let isPeriodic = channels.0.mode.isPeriodic
    let soonest = isPeriodic ? tick &+ Self.shortestPeriod : 0
    rise = max(next.rise, soonest)
    fall = next.fall.map { next.rise < soonest ? tick &+ Self.shortestPeriod / 2 : $0 }
  }

  private mutating func drive(_ level: Bool, _ cycle: inout Cycle) {
    guard level != line else { return }
    line = level
    cycle.interrupt = level
  }

  private static func tick(_ cycle: Cycle) -> UInt64 { cycle.now.ticks(hertz: hertz) }
}
