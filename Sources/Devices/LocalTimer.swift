internal import Primitives

/// A local APIC's timer: counts a 1 GHz bus clock down, or waits for a time-stamp counter value.
struct LocalTimer: Sendable {
  /// LVT bits 17 and 18.
  enum Mode: UInt32 { case oneShot, periodic, deadline }

  /// Interrupts come no closer than this, however short the guest's period.
  static let shortestPeriod: UInt64 = 10_000

  let tscHertz: UInt64
  /// What the guest's counter shows beyond the ticks since power-on.
  var tscOffset: UInt64 = 0
  var mode = Mode.oneShot {
    didSet {
      guard mode != oldValue, mode == .deadline || oldValue == .deadline else { return }
      (initialCount, expiry, tscDeadline) = (0, nil, 0)
    }
  }
  private(set) var initialCount: UInt32 = 0
  /// TDCR, bits 0, 1 and 3.
  private(set) var divideRegister: UInt32 = 0
  private(set) var tscDeadline: UInt64 = 0
  /// When the count reaches zero.
  private(set) var expiry: Instant?

  init(tscHertz: UInt64) { self.tscHertz = max(tscHertz, 1) }

  /// Nanoseconds per count.
  private var divisor: UInt64 {
    let code = divideRegister & 3 | divideRegister >> 1 & 4
    return code == 7 ? 1 : 2 << UInt64(code)
  }

  private var period: UInt64 { max(UInt64(initialCount) * divisor, Self.shortestPeriod) }

  mutating func start(_ count: UInt32, at now: Instant) {
    guard mode != .deadline else { return }
    initialCount = count
    expiry = count == 0 ? nil : now + (mode == .periodic ? period : UInt64(count) * divisor)
  }

  /// Goes on where another timer was, with what was left of its count.
  mutating func restore(mode: Mode, divide: UInt32, initial: UInt32, current: UInt32, deadline: UInt64, at now: Instant) {
    self.mode = mode
    divideRegister = divide & 0b1011
    initialCount = mode == .deadline ? 0 : initial
    expiry = mode == .deadline || current == 0 ? nil : now + UInt64(min(current, initial)) * divisor
    tscDeadline = 0
    if mode == .deadline { setDeadline(deadline, at: now) }
  }

  func currentCount(at now: Instant) -> UInt32 {
    guard mode != .deadline, let expiry else { return 0 }
    let left = (expiry.since(now) &+ divisor &- 1) / divisor
    return UInt32(truncatingIfNeeded: min(left, UInt64(initialCount)))
  }

  /// A new divisor changes the pace of the counts that are left.
  mutating func divide(_ value: UInt32, at now: Instant) {
    let left = currentCount(at: now)
    divideRegister = value & 0b1011
    if mode != .deadline, expiry != nil { expiry = now + UInt64(left) * divisor }
  }

  func timeStamp(at now: Instant) -> UInt64 { now.ticks(hertz: tscHertz) &+ tscOffset }

  /// IA32_TSC_DEADLINE; zero disarms, and what has passed expires at once.
  mutating func setDeadline(_ value: UInt64, at now: Instant) {
    guard mode == .deadline else { return }
    tscDeadline = value
    let (left, isPast) = value.subtractingReportingOverflow(timeStamp(at: now))
    guard value != 0 else {
      expiry = nil
      return
    }
    let wait = Instant.tick(isPast ? 0 : left, hertz: tscHertz).nanoseconds
    expiry = now + wait
  }

  /// Moves the guest's counter; an armed deadline keeps its value and so moves in time.
  mutating func setOffset(_ offset: UInt64, at now: Instant) {
    tscOffset = offset
    if tscDeadline != 0 { setDeadline(tscDeadline, at: now) }
  }

  /// Whether the timer expired by now. Periods that were missed count once.
  mutating func expire(at now: Instant) -> Bool {
    guard let due = expiry, due <= now else { return false }
    switch mode {
    case .periodic: expiry = due + (now.since(due) / period + 1) * period
    case .oneShot: expiry = nil
    case .deadline: (expiry, tscDeadline) = (nil, 0)
    }
    return true
  }
}
