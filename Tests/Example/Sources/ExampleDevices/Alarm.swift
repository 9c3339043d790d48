import DeviceModel
import Primitives

/// A device in memory with an interrupt: it raises its line so many microseconds after they were written, until the status
/// register is written.
public struct Alarm: RegisterDevice {
  public static let placement = Placement("alarm", memory: MemoryRange(0xFED8_0000, count: 8), line: 5, acpiID: "EXMP0002")

  public enum RegisterName: Sendable { case delay, status }

  public static let registers = RegisterMap<RegisterName>(packed: [(.delay, 4), (.status, 4)], byteCount: 8)

  private var delay: UInt32 = 0
  private var isRinging = false
  public private(set) var deadline: Instant?

  public init() {}

  public mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64 {
    switch register {
    case .delay: UInt64(delay)
    case .status: isRinging ? 1 : 0
    }
  }

  public mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle) {
    switch register {
    case .delay:
      delay = data.merged(into: delay)
      deadline = cycle.now + UInt64(delay) * 1000
    case .status:
      isRinging = false
      cycle.interrupt = false
    }
  }

  public mutating func advance(_ cycle: inout Cycle) {
    deadline = nil
    isRinging = true
    cycle.interrupt = true
  }

  public mutating func reset() { self = Alarm() }
}
