import DeviceModel

/// A device's end of its interrupt line: tells the cycle only about changes of level.
struct InterruptWire: Sendable {
  private(set) var isHigh = false

  mutating func drive(_ level: Bool, _ cycle: inout Cycle) {
    guard level != isHigh else { return }
    isHigh = level
    cycle.interrupt = level
  }
}
