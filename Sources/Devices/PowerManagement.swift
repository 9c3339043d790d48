public import DeviceModel
public import Primitives

/// The ACPI fixed hardware: event and control registers, the PM timer, and the power button; and the chipset's watchdog.
///
/// ACPI mode is always on and system-management interrupts count as set up, because there is no
/// system-management mode to leave either to.
public struct PowerManagement: RegisterDevice {
  public enum RegisterName: Sendable {
    case status, enable, control, timer, generalStatus, generalEnable, managementEnable, reserved
    case watchdog(WatchdogTimer.RegisterName)
    /// The only register of the chipset in memory: whether the watchdog may give up the guest.
    case generalControl
  }

  public static let registers = RegisterMap<RegisterName>(
    packed: [
      (.status, 2), (.enable, 2), (.control, 2), (.reserved, 2), (.timer, 4), (.reserved, 4),
      (.reserved, 8), (.reserved, 8), (.generalStatus, 8), (.generalEnable, 8),
      (.managementEnable, 4), (.reserved, 4), (.reserved, 8),
      (.reserved, 8), (.reserved, 8), (.reserved, 8), (.reserved, 8),
    ] + WatchdogTimer.registers.map { (.watchdog($0.0), $0.1) } + [(.generalControl, 4)], byteCount: 0x84)

  public static let placement = Placement(
    "power management", ports: [Platform.pmBlock], memory: Platform.generalControl, line: Platform.systemControlLine)

  private static let timerHertz: UInt64 = 3_579_545
  private static let timerStatus = 0
  private static let powerButtonStatus = 8
  /// Timer, global lock, power button, sleep button and clock raise the interrupt; wake does not.
  private static let interruptSources: UInt16 = 0x0721
  /// The bit of the general control register.
  private static let noReboot = 5

  private var status: UInt16 = 0
  private var enable: UInt16 = 0
  private var control: UInt16 = 0
  private var generalEnable: UInt64 = 0
  /// How often the timer's top bit had changed when its status bit was last brought up to date.
  private var timerToggles: UInt64 = 0
  private var wire = InterruptWire()
  private var watchdog = WatchdogTimer()

  public init() {}

  /// Somebody presses the power button: the guest is asked to shut down.
  public mutating func pressPowerButton(_ cycle: inout Cycle) {
    status[bit: Self.powerButtonStatus] = true
    driveLine(&cycle)
  }

  /// Whether the guest wants to hear of it.
  public var hearsPowerButton: Bool { enable[bit: Self.powerButtonStatus] }

  public mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64 {
    switch register {
    case .timer: return cycle.now.ticks(hertz: Self.timerHertz) & 0xFF_FFFF
    case .status:
      advance(&cycle)
      return UInt64(status)
    case .enable: return UInt64(enable)
    case .control: return UInt64(control | 1)
    case .generalEnable: return generalEnable
    // "APM interrupt enabled" tells the firmware that its handler is in place.
    case .managementEnable: return 0x20
    case .watchdog(let register): return watchdog.read(register, cycle.now)
    case .generalControl: return watchdog.isHarmless ? 1 << Self.noReboot : 0
    case .generalStatus, .reserved: return 0
    }
  }

  public mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle) {
    catchUp(cycle.now)
    switch register {
    case .status: status &= ~UInt16(truncatingIfNeeded: data.value)
    case .enable: enable = data.merged(into: enable)
    case .control: sleep(data.merged(into: control), &cycle)
    case .generalEnable: generalEnable = data.merged(into: generalEnable)
    case .watchdog(let register): watchdog.write(data, to: register, cycle.now)
    case .generalControl: watchdog.isHarmless = data.merged(into: read(register, &cycle))[bit: Self.noReboot]
    case .timer, .generalStatus, .managementEnable, .reserved: break
    }
    driveLine(&cycle)
  }

  public mutating func reset() {
    let (toggles, watchdog) = (timerToggles, watchdog)
    self = PowerManagement()
    timerToggles = toggles
    self.watchdog = watchdog
    self.watchdog.reset()
  }

  public var deadline: Instant? {
    guard let timer = timerDeadline, let watchdog = watchdog.deadline else { return timerDeadline ?? watchdog.deadline }
    return min(timer, watchdog)
  }

  private var timerDeadline: Instant? {
    guard enable[bit: Self.timerStatus], !status[bit: Self.timerStatus] else { return nil }
    let ticks = (timerToggles &+ 1) &<< 23
    let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: Self.timerHertz)
    return .seconds(seconds) + (rest * 1_000_000_000 / Self.timerHertz + 1)
  }

  public mutating func advance(_ cycle: inout Cycle) {
    catchUp(cycle.now)
    watchdog.advance(&cycle)
    driveLine(&cycle)
  }

  /// The timer's status bit follows changes of the timer's top bit.
  private mutating func catchUp(_ now: Instant) {
    let toggles = now.ticks(hertz: Self.timerHertz) >> 23
    if toggles != timerToggles { status[bit: Self.timerStatus] = true }
    timerToggles = toggles
  }

  /// Sleep type 0 is soft-off, the only state this machine has.
  private mutating func sleep(_ value: UInt16, _ cycle: inout Cycle) {
    control = value & ~0x2000
    if value[bit: 13], value[bits: 10...12] == 0 { cycle.effects.append(.power(.off)) }
  }

  private mutating func driveLine(_ cycle: inout Cycle) {
    wire.drive(status & enable & Self.interruptSources != 0, &cycle)
  }
}
