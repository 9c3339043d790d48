import DeviceModel

/// A device's end of its interrupt line: tells the cycle only about changes of level.
struct InterruptWire: Sendable {
  /// The line, where it is not the one of the device's placement.
  private let line: Int?
  private(set) var isHigh = false

  init(line: Int? = nil) { self.line = line }

  mutating func drive(_ level: Bool, _ cycle: inout Cycle) {
    guard level != isHigh else { return }
    isHigh = level
    if let line { cycle.effects.append(.line(line, level)) } else { cycle.interrupt = level }
  }
}
