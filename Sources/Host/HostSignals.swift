internal import Glibc

/// Signals that the user sends, received in order by a thread instead of interrupting one.
public enum HostSignals {
  static let ending = [SIGTERM, SIGINT, SIGHUP]

  /// The signal that asks for a picture instead of an end.
  public static let picture = SIGUSR1

  /// Before any thread is made: threads inherit it. A reader that goes away is an error code, not a signal.
  public static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    var set = set()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Waits for the next signal.
  public static func next() -> Int32 {
    var set = set()
    var number: Int32 = 0
    while unsafe sigwait(&set, &number) != 0 {}
    return number
  }

  private static func set() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in ending + [picture] { unsafe sigaddset(&set, number) }
    return set
  }
}
