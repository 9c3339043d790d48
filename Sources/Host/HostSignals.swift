import CLinux
internal import Glibc

/// Signals that somebody sends to this program, received by one thread instead of interrupting any.
public enum HostSignals {
  /// Asks for a picture.
  public static let picture = SIGUSR1
  /// Asks for an orderly shutdown.
  public static let shutdown = SIGTERM
  /// The user's window has another size.
  public static let window = SIGWINCH
  /// Interrupts host calls of a thread of ours; whoever needs it installs a handler.
  public static let kick: Int32 = 63
  /// Makes `next` look up.
  private static let bell = SIGURG

  /// Those of our own faults, and those that do not end a program or do so with more than a word.
  private static func isOther(_ number: Int32) -> Bool {
    switch number {
    case SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGCONT,
      SIGPIPE, SIGXFSZ, kick:
      true
    // The C library's own.
    case 32, 33: true
    default: false
    }
  }

  /// Before any thread is made: threads inherit it. From now on `next` receives whatever would end the program, unless
  /// the caller wants it ignored.
  public static func prepare() {
    // A reader that goes away, or a file that may not grow, is an error code.
    for number in [SIGPIPE, SIGXFSZ, kick] { signal(number, SIG_IGN) }
    // Those that the caller wants ignored are held back, too, and `next` leaves them there.
    var set = set { !isOther($0) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Waits for the next signal, until a moment of `HostClock.nanoseconds` or until `wake`: then it is nil.
  public static func next(until limit: UInt64?) -> Int32? {
    var set = received
    let now = HostClock.nanoseconds()
    let rest = limit.map { $0 > now ? $0 - now : 0 } ?? .max / 2
    var time = timespec(tv_sec: Int(rest / 1_000_000_000), tv_nsec: Int(rest % 1_000_000_000))
    let number = unsafe sigtimedwait(&set, nil, &time)
    return number > 0 && number != bell ? number : nil
  }

  /// Makes the present or the coming call of `next` return. From any thread.
  public static func wake() { kill(getpid(), bell) }

  /// What `next` receives; which signals the caller wants ignored is asked once.
  private static let received = set { !isOther($0) && linux_signal_is_ignored($0) == 0 }

  private static func set(_ isIn: (Int32) -> Bool) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number: Int32 in 1...64 where isIn(number) { unsafe sigaddset(&set, number) }
    return set
  }
}
