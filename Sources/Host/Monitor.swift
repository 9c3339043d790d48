internal import CLinux
internal import Glibc

/// A value that several threads change, and wait on for a change.
///
/// Safe because the value is touched only between lock and unlock.
@safe public final class Monitor<State: Sendable>: @unchecked Sendable {
  private var state: State
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  public init(_ state: State) {
    self.state = state
    unsafe lock = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(changed, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(lock)
    unsafe changed.deallocate()
    unsafe lock.deallocate()
  }

  /// Changes the value and wakes whoever waits.
  @discardableResult
  public func update<R>(_ body: (inout State) -> R) -> R {
    unsafe pthread_mutex_lock(lock)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(lock)
    }
    return body(&state)
  }

  /// Changes the value where nobody waits for that.
  public func adjust<R>(_ body: (inout State) -> R) -> R {
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    return body(&state)
  }

  /// Waits until `body` has an answer, or until a moment of `HostClock.nanoseconds`; nil if the time came first.
  ///
  /// - Parameter limit: asked anew before each sleep, under the lock.
  public func wait<R>(until limit: (State) -> UInt64? = { _ in nil }, for body: (inout State) -> R?) -> R? {
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    while true {
      if let answer = body(&state) { return answer }
      guard let end = limit(state) else {
        unsafe pthread_cond_wait(changed, lock)
        continue
      }
      if HostClock.nanoseconds() >= end { return nil }
      var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
      unsafe pthread_cond_timedwait(changed, lock, &time)
    }
  }
}
