import DeviceModel
import Primitives

/// The chipset's watchdog, its "TCO timer": who has started it must reload it in time. When it has run out twice in a
/// row, the guest is given up.
public struct WatchdogTimer: Sendable {
  public enum RegisterName: Sendable { case reload, status, secondStatus, control, period, reserved }

  static let registers: [(RegisterName, Int)] = [
    (.reload, 2), (.reserved, 2), (.status, 2), (.secondStatus, 2), (.control, 2), (.reserved, 2),
    (.reserved, 4), (.reserved, 2), (.period, 2), (.reserved, 4), (.reserved, 8),
  ]

  private enum Status {
    static let timeout = 3
  }

  private enum SecondStatus {
    static let secondTimeout = 1
    static let boot = 2
  }

  private enum Control {
    static let halt = 11
    static let lock = 12
    static let writable: UInt16 = 0x1A00
  }

  private static let tick: UInt64 = 600_000_000
  /// Shorter periods are not taken.
  private static let periods: ClosedRange<UInt16> = 4...0x3FF

  /// Let it run out without giving up the guest.
  var isHarmless = false
  /// When it runs out; nil while it is halted.
  private(set) var deadline: Instant?
  /// What was left, in nanoseconds, when it was halted.
  private var left = tick * UInt64(periods.lowerBound)
  /// In ticks.
  private var period = periods.lowerBound
  /// It has run out since somebody last reloaded it.
  private var hasRunOut = false
  private var status: UInt16 = 0
  private var secondStatus: UInt16 = 0
  /// Halted, as firmware leaves it.
  private var control: UInt16 = 1 << Control.halt

  private var fullTime: UInt64 { UInt64(period) * Self.tick }

  func read(_ register: RegisterName, _ now: Instant) -> UInt64 {
    switch register {
    case .reload: (deadline?.since(now) ?? left) / Self.tick
    case .status: UInt64(status)
    case .secondStatus: UInt64(secondStatus)
    case .control: UInt64(control)
    case .period: UInt64(period)
    case .reserved: 0
    }
  }

  mutating func write(_ data: RegisterWrite, to register: RegisterName, _ now: Instant) {
    switch register {
    case .reload:
      hasRunOut = false
      left = fullTime
      if deadline != nil { deadline = now + left }
    case .status: status &= ~UInt16(truncatingIfNeeded: data.value)
    case .secondStatus: secondStatus &= ~UInt16(truncatingIfNeeded: data.value)
    case .control: setControl(data.merged(into: control), now)
    case .period:
      let wish = data.merged(into: period) & Self.periods.upperBound
      if Self.periods.contains(wish) { period = wish }
    case .reserved: break
    }
  }

  mutating func advance(_ cycle: inout Cycle) {
    guard let deadline, deadline <= cycle.now else { return }
    status[bit: Status.timeout] = true
    if hasRunOut {
      secondStatus[bit: SecondStatus.secondTimeout] = true
      secondStatus[bit: SecondStatus.boot] = true
      if !isHarmless { cycle.effects.append(.power(.watchdog)) }
    }
    hasRunOut.toggle()
    // From now on: a host that was late does not take from the guest's time.
    self.deadline = cycle.now + fullTime
  }

  /// The second status tells the next start why there was a reset.
  mutating func reset() {
    let reason = secondStatus
    self = WatchdogTimer()
    secondStatus = reason
  }

  /// Once locked, the lock stays.
  private mutating func setControl(_ value: UInt16, _ now: Instant) {
    control = value & Control.writable | control & 1 << Control.lock
    let isHalted = control[bit: Control.halt]
    if isHalted, let end = deadline { left = end.since(now) }
    deadline = isHalted ? nil : deadline ?? now + left
  }
}
