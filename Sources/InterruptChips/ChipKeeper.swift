public import DeviceModel
public import Devices
public import Primitives
public import SystemBus

/// Who keeps the board's interrupt chips, behind a lock.
public protocol ChipKeeper: AnyObject, Sendable {
  /// One access under the lock; all wires are at rest when it returns.
  func accessBoard<R: Sendable>(_ body: (inout BoardChips, inout Cycle) -> R) -> R
  /// When `advance` must be called next.
  var nextDeadline: Instant? { get }
  /// Lets the timers run up to now.
  func advance()
}

extension ChipKeeper {
  /// The chips' places on the bus. The keeper does not hold them.
  public var targets: [any BusTarget] { ChipTarget.Chip.allCases.map { ChipTarget($0, of: self) } }
}

/// One of the board's interrupt chips in its place on the bus.
final class ChipTarget: BusTarget {
  enum Chip: CaseIterable { case pic, timer, ioAPIC }

  private let chip: Chip
  private let keeper: any ChipKeeper

  init(_ chip: Chip, of keeper: any ChipKeeper) {
    self.chip = chip
    self.keeper = keeper
  }

  var placement: Placement {
    switch chip {
    case .pic: LegacyPIC.placement
    case .timer: IntervalTimer.placement
    case .ioAPIC: IOAPIC.placement
    }
  }

  func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    keeper.accessBoard { board, cycle in
      switch chip {
      case .pic: board.pic.read(width, at: offset, &cycle)
      case .timer: board.timer.read(width, at: offset, &cycle)
      case .ioAPIC: board.ioAPIC.read(width, at: offset, &cycle)
      }
    }
  }

  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    keeper.accessBoard { board, cycle in
      switch chip {
      case .pic: board.pic.write(value, width, at: offset, &cycle)
      case .timer: board.timer.write(value, width, at: offset, &cycle)
      case .ioAPIC: board.ioAPIC.write(value, width, at: offset, &cycle)
      }
    }
  }

  func reset() {
    keeper.accessBoard { board, _ in
      switch chip {
      case .pic: board.pic.reset()
      case .timer: board.resetTimer()
      case .ioAPIC: board.ioAPIC.reset()
      }
    }
  }

  /// Local APICs are on no bus: the interval timer's place stands for all timers.
  var deadline: Instant? { chip == .timer ? keeper.nextDeadline : nil }

  func advance() { if chip == .timer { keeper.advance() } }
}
