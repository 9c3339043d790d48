public import DeviceModel
public import Primitives

/// The MC146818 clock and its 128 bytes of CMOS memory, which tell firmware what the board has.
public struct RealTimeClock: RegisterDevice {
  public enum RegisterName: Sendable { case index, data }
  public static let registers = RegisterMap<RegisterName>(packed: [(.index, 1), (.data, 1)], byteCount: 2)
  public static let placement = Placement(
    "real-time clock", ports: [PortRange(0x70, count: 2)], line: Platform.clockLine, acpiID: "PNP0B00",
    selector: .ports(PortRange(0x70, count: 1)))

  /// What the CMOS memory says about the board.
  public struct Facts: Sendable {
    /// RAM below 4 GiB, from address 0, and RAM from 4 GiB up, in bytes.
    public var lowMemory: UInt64
    public var highMemory: UInt64
    public var cpuCount: Int

    public init(lowMemory: UInt64, highMemory: UInt64, cpuCount: Int) {
      self.lowMemory = lowMemory
      self.highMemory = highMemory
      self.cpuCount = cpuCount
    }
  }

  var memory: [UInt8]
  private var index = 0
  /// Clock time at power-on, in seconds since 1970; setting the clock moves it.
  var timeAtStart: Int64
  /// The second and the periodic tick up to which status register C is up to date.
  private var seenSecond: Int64
  private var seenTick: UInt64 = 0
  private var wire = InterruptWire()

  /// A clock that shows `secondsSince1970` at power-on.
  public init(board: Facts, secondsSince1970: Int64) {
    memory = Self.memory(of: board)
    // Far enough for any calendar, and no sum with it can overflow.
    timeAtStart = min(max(secondsSince1970, 0), 1 << 40)
    seenSecond = timeAtStart
  }

  public mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64 {
    guard register == .data else { return 0xFF }
    catchUp(cycle.now)
    defer { driveLine(&cycle) }
    switch index {
    case Field.statusA:
      return UInt64(memory[index] | (isAboutToUpdate(cycle.now) ? 0x80 : 0))
    case Field.statusC:
      defer { memory[index] = 0 }
      return UInt64(memory[index])
    case let field where Field.time.contains(field) && !isHeld:
      return UInt64(encoded(clock(cycle.now), field))
    default:
      return UInt64(memory[index])
    }
  }

  public mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle) {
    let byte = UInt8(truncatingIfNeeded: data.value)
    guard register == .data else {
      // Bit 7 masks the non-maskable interrupt, which this machine does not have.
      index = Int(byte & 0x7F)
      return
    }
    catchUp(cycle.now)
    switch index {
    case Field.statusA:
      memory[index] = byte & 0x7F
      seenTick = tick(cycle.now)
    case Field.statusB: control(byte, cycle.now)
    case Field.statusC, Field.statusD: break
    case let field where Field.time.contains(field):
      if !isHeld { latch(cycle.now) }
      memory[field] = byte
      if !isHeld { setClock(cycle.now) }
    default: memory[index] = byte
    }
    driveLine(&cycle)
  }

  /// The clock has a battery: a reset only silences its interrupts.
  public mutating func reset() {
    memory[Field.statusB] &= 0x87
    memory[Field.statusC] = 0
    index = 0
    wire = InterruptWire()
  }

  public var deadline: Instant? {
    // While the line is high, nothing can be added that the guest would notice.
    guard !wire.isHigh else { return nil }
    let control = memory[Field.statusB]
    var next: Instant?
    if control[bit: 6], let period = ticksPerPeriod { next = Self.instant(tick: (seenTick + 1) * period) }
    if !isHeld {
      var second: Int64?
      if control[bit: 4] { second = seenSecond + 1 } else if control[bit: 5] { second = nextAlarm }
      if let second, let elapsed = UInt64(exactly: second - timeAtStart) {
        next = min(next ?? .seconds(elapsed), .seconds(elapsed))
      }
    }
    return next
  }

  public mutating func advance(_ cycle: inout Cycle) {
    catchUp(cycle.now)
    driveLine(&cycle)
  }
}

// MARK: - Time

extension RealTimeClock {
  private static let tickHertz: UInt64 = 32_768
  private static let nanosecondsPerSecond: UInt64 = 1_000_000_000
  /// How long before a change the "update in progress" bit warns of it.
  private static let updateWarning: UInt64 = 244_000

  private func clock(_ now: Instant) -> CalendarTime { CalendarTime(secondsSince1970: second(now)) }

  private func second(_ now: Instant) -> Int64 {
    timeAtStart + Int64(now.nanoseconds / Self.nanosecondsPerSecond)
  }

  private func isAboutToUpdate(_ now: Instant) -> Bool {
    !isHeld && now.nanoseconds % Self.nanosecondsPerSecond >= Self.nanosecondsPerSecond - Self.updateWarning
  }

  /// Bit 7 of status register B holds the clock still while the guest sets it.
  private mutating func control(_ byte: UInt8, _ now: Instant) {
    let wasHeld = isHeld
    if !wasHeld, byte[bit: 7] { latch(now) }
    // Holding the clock also switches its update interrupt off.
    memory[Field.statusB] = byte[bit: 7] ? byte & 0xEF : byte
    if wasHeld, !isHeld { setClock(now) }
  }

  /// Copies the running time into its registers, in the format that is set.
  private mutating func latch(_ now: Instant) {
    let time = clock(now)
    for field in Field.time { memory[field] = encoded(time, field) }
  }

  /// Lets the clock run on from what its registers say.
  private mutating func setClock(_ now: Instant) {
    let elapsed = Int64(now.nanoseconds / Self.nanosecondsPerSecond)
    timeAtStart = decodedTime.secondsSince1970 - elapsed
    seenSecond = timeAtStart + elapsed
  }

  /// Ticks of the 32768 Hz crystal in one period, by the rate in status register A.
  private var ticksPerPeriod: UInt64? {
    switch memory[Field.statusA] & 0x0F {
    case 0: nil
    case 1: 128
    case 2: 256
    case let rate: 1 << UInt64(rate - 1)
    }
  }

  /// Periods since power-on.
  private func tick(_ now: Instant) -> UInt64 {
    ticksPerPeriod.map { now.ticks(hertz: Self.tickHertz) / $0 } ?? 0
  }

  /// When the crystal has made so many ticks since power-on.
  private static func instant(tick: UInt64) -> Instant {
    let (seconds, rest) = tick.quotientAndRemainder(dividingBy: tickHertz)
    return .seconds(seconds) + (rest * nanosecondsPerSecond + tickHertz - 1) / tickHertz
  }

  /// Sets the flags of everything that happened up to now. Missed events become one.
  private mutating func catchUp(_ now: Instant) {
    let tick = tick(now)
    if tick > seenTick { memory[Field.statusC][bit: 6] = true }
    seenTick = tick
    let second = second(now)
    guard !isHeld, second > seenSecond else { return }
    memory[Field.statusC][bit: 4] = true
    if let alarm = nextAlarm, alarm <= second { memory[Field.statusC][bit: 5] = true }
    seenSecond = second
  }

  /// The first second after `seenSecond` that the alarm registers match.
  private var nextAlarm: Int64? {
    var candidate = seenSecond + 1
    // Skips whole hours, then whole minutes, then seconds, each at most twice around.
    for _ in 0..<300 {
      let time = CalendarTime(secondsSince1970: candidate)
      if !alarmMatches(time, Field.hourAlarm) {
        candidate += 3600 - time.minute * 60 - time.second
      } else if !alarmMatches(time, Field.minuteAlarm) {
        candidate += 60 - time.second
      } else if !alarmMatches(time, Field.secondAlarm) {
        candidate += 1
      } else {
        return candidate
      }
    }
    return nil
  }

  /// Status register C's top bit sums up the enabled flags and drives the line.
  private mutating func driveLine(_ cycle: inout Cycle) {
    let isPending = memory[Field.statusC] & memory[Field.statusB] & 0x70 != 0
    memory[Field.statusC][bit: 7] = isPending
    wire.drive(isPending, &cycle)
  }
}
