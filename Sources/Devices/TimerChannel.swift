internal import Primitives

/// One of the 8254's three counters. Time is counted in ticks of its 1.193182 MHz input.
struct TimerChannel: Sendable {
  /// How OUT follows the count (modes 0 to 5 of the data sheet).
  enum Mode: UInt8 {
    case terminalCount, oneShot, rateGenerator, squareWave, softwareStrobe, hardwareStrobe

    var isPeriodic: Bool { self == .rateGenerator || self == .squareWave }
    /// Started by the gate's rising edge instead of by the count.
    var isTriggered: Bool { self == .oneShot || self == .hardwareStrobe }
  }

  private enum Bytes: UInt8 { case low = 1, high, both }

  private(set) var mode = Mode.terminalCount
  private(set) var gate: Bool
  /// The initial count: 1 to 65536, or to 10000 in decimal.
  private(set) var count: UInt64 = 0x1_0000
  /// When counting began; nil before a count is written or, in triggered modes, the gate rose.
  private(set) var start: UInt64?
  private var isDecimal = false
  private var bytes = Bytes.low
  /// A count that replaces the present one when its period ends.
  private var successor: (count: UInt64, at: UInt64)?
  /// Ticks counted before the gate, or half a count, stopped the counter.
  private var frozen: UInt64?
  private var hasCount = false
  private var lowByte: UInt8?
  private var readsHighNext = false
  private var latchedCount: UInt16?
  private var latchedStatus: UInt8?

  init(gate: Bool) { self.gate = gate }

  // MARK: Programming

  /// A control word other than a latch command.
  mutating func configure(_ word: UInt8) {
    let gate = self.gate
    let number = word[bits: 1...3]
    self = TimerChannel(gate: gate)
    // The top mode bit does not matter for modes 2 and 3.
    mode = Mode(rawValue: number > 5 ? number & 3 : number) ?? .terminalCount
    bytes = Bytes(rawValue: word[bits: 4...5]) ?? .both
    isDecimal = word[bit: 0]
  }

  /// One byte of the count. True if the count is complete.
  mutating func writeByte(_ value: UInt8, at tick: UInt64) -> Bool {
    switch bytes {
    case .low: load(UInt16(value), at: tick)
    case .high: load(UInt16(value) << 8, at: tick)
    case .both:
      guard let low = lowByte else {
        lowByte = value
        // Half a count stops mode 0 until the other half comes.
        if mode == .terminalCount { frozen = elapsed(at: tick) }
        return false
      }
      lowByte = nil
      load(UInt16(value) << 8 | UInt16(low), at: tick)
    }
    return true
  }

  private mutating func load(_ value: UInt16, at tick: UInt64) {
    takeSuccessor(at: tick)
    let written = isDecimal ? Self.binary(value) : UInt64(value)
    let new = written == 0 ? modulus : written
    hasCount = true
    if let start, mode.isPeriodic, gate {
      successor = (new, start &+ (elapsed(at: tick) / count &+ 1) &* count)
      return
    }
    count = new
    if mode.isTriggered { return }
    // The counter takes the count with the next tick.
    start = tick &+ 1
    frozen = gate ? nil : 0
  }

  mutating func setGate(_ level: Bool, at tick: UInt64) {
    guard level != gate else { return }
    takeSuccessor(at: tick)
    if !level, !mode.isTriggered, frozen == nil { frozen = elapsed(at: tick) }
    gate = level
    guard level, hasCount else { return }
    switch mode {
    case .terminalCount, .softwareStrobe:
      guard let passed = frozen, lowByte == nil || mode != .terminalCount else { return }
      start = tick &- min(passed, tick)
    default: start = tick &+ 1
    }
    frozen = nil
  }

  // MARK: Counting

  private var modulus: UInt64 { isDecimal ? 10_000 : 0x1_0000 }

  private mutating func takeSuccessor(at tick: UInt64) {
    guard let next = successor, tick >= next.at else { return }
    count = next.count
    start = next.at
    successor = nil
  }

  /// Ticks the counter has counted.
  private func elapsed(at tick: UInt64) -> UInt64 {
    if let frozen { return frozen }
    guard let start, tick > start else { return 0 }
    return tick - start
  }

  mutating func output(at tick: UInt64) -> Bool {
    takeSuccessor(at: tick)
    guard let start else { return mode != .terminalCount }
    let passed = elapsed(at: tick)
    switch mode {
    case .terminalCount: return lowByte == nil && passed >= count
    case .oneShot: return tick < start || passed >= count
    case .softwareStrobe, .hardwareStrobe: return passed != count
    case .rateGenerator: return !gate || passed % count != count - 1
    case .squareWave: return !gate || passed % count < (count + 1) / 2
    }
  }

  /// The first rise of OUT after `tick`, and the fall before it, if time alone brings them.
  mutating func nextRise(after tick: UInt64) -> (fall: UInt64?, rise: UInt64)? {
    takeSuccessor(at: tick)
    guard let start, frozen == nil else { return nil }
    switch mode {
    case .oneShot, .hardwareStrobe: return nil
    case .terminalCount: return tick < start &+ count ? (nil, start &+ count) : nil
    case .softwareStrobe: return tick <= start &+ count ? (start &+ count, start &+ count &+ 1) : nil
    case .rateGenerator, .squareWave:
      let rise = start &+ (tick < start ? 1 : elapsed(at: tick) / count &+ 1) &* count
      return (rise &- count / 2, rise)
    }
  }

  private mutating func value(at tick: UInt64) -> UInt16 {
    takeSuccessor(at: tick)
    let passed = elapsed(at: tick)
    let left: UInt64
    switch mode {
    case .rateGenerator: left = count - passed % count
    case .squareWave:
      // It counts twice by two, each half from the even count.
      let high = (count + 1) / 2
      let phase = passed % count
      left = (count & ~1) &- 2 &* (phase < high ? phase : phase - high)
    default: left = modulus &+ count % modulus &- passed % modulus
    }
    let shown = left % modulus
    return isDecimal ? Self.decimal(shown) : UInt16(truncatingIfNeeded: shown)
  }

  // MARK: Reading

  mutating func latchCount(at tick: UInt64) {
    if latchedCount == nil { latchedCount = value(at: tick) }
  }

  mutating func latchStatus(at tick: UInt64) {
    guard latchedStatus == nil else { return }
    let out: UInt8 = output(at: tick) ? 0x80 : 0
    let isLoaded = start.map { tick >= $0 } ?? false
    let null: UInt8 = isLoaded && successor == nil ? 0 : 0x40
    latchedStatus = out | null | bytes.rawValue << 4 | mode.rawValue << 1 | (isDecimal ? 1 : 0)
  }

  mutating func readByte(at tick: UInt64) -> UInt8 {
    if let status = latchedStatus {
      latchedStatus = nil
      return status
    }
    let value = latchedCount ?? value(at: tick)
    let isHigh = bytes == .high || readsHighNext
    if bytes == .both { readsHighNext.toggle() }
    if !readsHighNext { latchedCount = nil }
    return UInt8(truncatingIfNeeded: isHigh ? value >> 8 : value)
  }

  private static func binary(_ decimal: UInt16) -> UInt64 {
    (0..<4).reversed().reduce(0) { $0 &* 10 &+ UInt64(decimal >> UInt16($1 * 4) & 15) }
  }

  private static func decimal(_ value: UInt64) -> UInt16 {
    var rest = value
    var result: UInt16 = 0
    for digit in 0..<4 {
      result |= UInt16(truncatingIfNeeded: rest % 10) << UInt16(digit * 4)
      rest /= 10
    }
    return result
  }
}
