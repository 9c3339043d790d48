internal import DeviceModel
internal import Devices
internal import Primitives
internal import SystemBus

/// One of the fabric's chips in its place on the bus.
final class ChipTarget: BusTarget {
  enum Chip: CaseIterable { case pic, timer, ioAPIC }

  private let chip: Chip
  private let fabric: InterruptFabric

  init(_ chip: Chip, of fabric: InterruptFabric) {
    self.chip = chip
    self.fabric = fabric
  }

  var placement: Placement {
    switch chip {
    case .pic: LegacyPIC.placement
    case .timer: IntervalTimer.placement
    case .ioAPIC: IOAPIC.placement
    }
  }

  func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    fabric.access { chips, cycle in
      switch chip {
      case .pic: chips.pic.read(width, at: offset, &cycle)
      case .timer: chips.timer.read(width, at: offset, &cycle)
      case .ioAPIC: chips.ioAPIC.read(width, at: offset, &cycle)
      }
    }
  }

  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    fabric.access { chips, cycle in
      switch chip {
      case .pic: chips.pic.write(value, width, at: offset, &cycle)
      case .timer: chips.timer.write(value, width, at: offset, &cycle)
      case .ioAPIC: chips.ioAPIC.write(value, width, at: offset, &cycle)
      }
    }
  }

  func reset() {
    fabric.access { chips, _ in
      switch chip {
      case .pic: chips.pic.reset()
      case .timer: chips.resetTimer()
      case .ioAPIC: chips.ioAPIC.reset()
      }
    }
  }

  /// Local APICs are on no bus: the interval timer's place stands for all timers.
  var deadline: Instant? { chip == .timer ? fabric.nextDeadline : nil }

  func advance() {
    guard chip == .timer else { return }
    fabric.access { chips, cycle in chips.advance(&cycle) }
  }
}
