internal import CLinux
internal import Glibc

/// Waits until one of many `Descriptor.event`s counts something. Used by one thread, but for `watch`, `forget` and `wake`.
///
/// Unlike `EventLoop`, which takes any descriptor, it takes no longer for many of them than for one.
public final class EventCounters: Sendable {
  private let set: Descriptor
  private let bell: Descriptor
  /// Of the bell; nobody else may have it.
  private static let bellName = UInt64.max

  public init() throws(SystemError) {
    set = Descriptor(owning: try SystemError.check(linux_counter_set()))
    bell = try Descriptor.event()
    try watch(bell, as: Self.bellName)
  }

  public func watch(_ counter: borrowing Descriptor, as name: UInt64) throws(SystemError) {
    try SystemError.check(linux_counter_watch(set.number, counter.number, name))
  }

  public func forget(_ counter: borrowing Descriptor) { linux_counter_forget(set.number, counter.number) }

  /// Makes the present or next `wait` return.
  public func wake() { bell.count() }

  /// Waits until something is counted: the name of one counter that counts, in turn, whose count is then to be taken. Nil after `wake`.
  public func wait() throws(SystemError) -> UInt64? {
    var name: UInt64 = 0
    guard try SystemError.check(unsafe linux_counter_wait(set.number, &name)) > 0 else { return nil }
    guard name == Self.bellName else { return name }
    _ = bell.takeCount()
    return nil
  }
}
