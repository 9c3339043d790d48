internal import Primitives

/// Says when a time is over, by the power management timer: 24 bits at 3 579 545 Hz.
struct Stopwatch {
  private let timer: Port?
  private var last: UInt32
  private var remaining: UInt64
  private var looks: UInt32 = 0

  init<H: Hardware>(_ hardware: H, _ timer: Port?, seconds: UInt64) {
    self.init(hardware, timer, ticks: seconds * 3_579_545)
  }

  init<H: Hardware>(_ hardware: H, _ timer: Port?, microseconds: UInt64) {
    self.init(hardware, timer, ticks: microseconds * 3_579_545 / 1_000_000)
  }

  private init<H: Hardware>(_ hardware: H, _ timer: Port?, ticks: UInt64) {
    self.timer = timer
    last = timer.map { hardware.input(.dword, from: $0) } ?? 0
    remaining = ticks
  }

  /// To be asked often enough that the timer does not wrap in between, which takes 4.7 seconds.
  mutating func isOver<H: Hardware>(_ hardware: H) -> Bool {
    looks &+= 1
    // Without a timer, so many looks are the time.
    guard let timer else { return looks > 100_000_000 }
    // Reading the timer costs more than what is waited for, at first.
    guard looks & 0xF == 0 || remaining < 100_000 else { return false }
    let now = hardware.input(.dword, from: timer)
    let passed = UInt64((now &- last) & 0xFF_FFFF)
    last = now
    remaining = remaining > passed ? remaining - passed : 0
    return remaining == 0
  }
}
