import Glibc

/// The host's clocks.
public enum HostClock {
  /// Nanoseconds on a clock that never jumps.
  public static func nanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

  /// Nanoseconds since 1970, UTC.
  public static func nanosecondsSince1970() -> UInt64 { read(CLOCK_REALTIME) }

  /// How long this program has worked, on all processors together.
  public static func nanosecondsOfWork() -> UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  /// A span of time as nanoseconds; any number is one, and none is longer than thirty years.
  public static func nanoseconds(seconds: Double) -> UInt64 { seconds > 0 ? UInt64(min(seconds, 1e9) * 1e9) : 0 }

  /// Sleeps; a signal may end it early.
  public static func pause(milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    unsafe nanosleep(&time, nil)
  }

  @inline(__always)
  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
  }
}
