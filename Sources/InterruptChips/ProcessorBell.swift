internal import Host
internal import Synchronization

/// One processor's bell: it looks at the signals without a lock, and is woken when new ones come.
public final class ProcessorBell: Sendable {
  private let bits = Atomic<UInt32>(0)
  private let wake = Callback()

  /// What waits for the processor now.
  @inline(__always) public var signals: ProcessorSignals {
    ProcessorSignals(rawValue: bits.load(ordering: .acquiring))
  }

  /// Called without locks, from any thread, whenever a signal appears; it should wake a halted processor.
  public func whenRung(_ wake: (@Sendable () -> Void)?) {
    self.wake.set(wake)
  }

  /// True if there is a signal that was not there before.
  func set(_ signals: ProcessorSignals) -> Bool {
    let old = bits.exchange(signals.rawValue, ordering: .acquiringAndReleasing)
    return signals.rawValue & ~old != 0
  }

  func ring() { wake() }
}
