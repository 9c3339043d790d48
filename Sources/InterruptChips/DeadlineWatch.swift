public import Primitives
internal import Synchronization

/// When the earliest timer is due, to be looked at without a lock.
public struct DeadlineWatch: ~Copyable, Sendable {
  private let earliest = Atomic<UInt64>(.max)

  public init() {}

  /// Free to look at between any two instructions.
  public var next: Instant? {
    let nanoseconds = earliest.load(ordering: .acquiring)
    return nanoseconds == .max ? nil : Instant(nanoseconds: nanoseconds)
  }

  /// True if it came closer.
  public func move(to deadline: Instant?) -> Bool {
    let nanoseconds = deadline?.nanoseconds ?? .max
    return nanoseconds < earliest.exchange(nanoseconds, ordering: .acquiringAndReleasing)
  }
}
