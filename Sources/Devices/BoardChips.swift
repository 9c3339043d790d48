public import DeviceModel
internal import Primitives

/// The board's interrupt chips and the wires between them: legacy controllers, I/O APIC, and the timer on line 0.
///
/// What the I/O APIC sends to local APICs is left in the cycle's messages.
public struct BoardChips: Sendable {
  public var pic = LegacyPIC()
  public var ioAPIC = IOAPIC()
  public var timer = IntervalTimer()

  public init() {}

  public mutating func reset() {
    pic.reset()
    ioAPIC.reset()
    resetTimer()
  }

  /// The timer's line falls with it.
  public mutating func resetTimer() {
    timer.reset()
    pic.setLine(0, false)
    var cycle = Cycle(at: .start)
    ioAPIC.setLine(Platform.timerPin, false, &cycle)
  }

  /// Drives ISA line 0 to 15, which the legacy controllers see, too, or PCI line 16 to 23.
  public mutating func setLine(_ line: Int, _ level: Bool, _ cycle: inout Cycle) {
    // Line 2 is the legacy controllers' cascade: its I/O APIC pin belongs to the timer.
    guard (0..<IOAPIC.pinCount).contains(line), line != Platform.timerPin else { return }
    ioAPIC.setLine(line == 0 ? Platform.timerPin : line, level, &cycle)
    pic.setLine(line, level)
  }

  public mutating func setLevelTriggered(_ lines: UInt16) {
    var cycle = Cycle(at: .start)
    pic.write(UInt64(lines), .word, at: LegacyPIC.levelRegisters, &cycle)
  }

  /// Lets the timer's line follow the timer, after one of the chips was used.
  public mutating func followTimer(_ cycle: inout Cycle) {
    if let level = cycle.interrupt { setLine(0, level, &cycle) }
  }

  /// Moves the timer's line by one edge, if one is due. A timer that is late has two.
  public mutating func advanceTimer(_ cycle: inout Cycle) -> Bool {
    guard let deadline = timer.deadline, deadline <= cycle.now else { return false }
    timer.advance(&cycle)
    return true
  }
}
