import CLinux
import Glibc
internal import Synchronization

/// Another program that this one has started. It has no input; what it writes comes here.
public final class HostProcess: Sendable {
  /// Where something of it comes from.
  public enum Source: Int32, Sendable, CaseIterable {
    /// Its standard output and error.
    case output = 1
    /// What it writes to `reportPath`.
    case report = 3
  }

  /// This program itself, wherever it is and whatever has become of its file.
  public static let ownProgram = "/proc/self/exe"
  /// The file by which such a program finds its way to us beside its output.
  public static let reportPath = "/dev/fd/\(Source.report.rawValue)"
  private static let portion = 64 << 10

  /// Nil once it is gone, and its number may be another's.
  private let number: Mutex<Int32?>
  private let pipes: [Pipe]

  /// Our end of a pipe, until there comes nothing more.
  private final class Pipe: Sendable {
    let source: Source
    let reader: Mutex<Int32?>

    init(_ source: Source, _ reader: Int32) {
      self.source = source
      self.reader = Mutex(reader)
    }

    var open: Int32? { reader.withLock { $0 } }
    func end() { reader.withLock { if let number = $0.take() { close(number) } } }
    deinit { end() }
  }

  /// - Parameter program: a path, or a name to be looked for in PATH.
  public init(_ program: String, _ arguments: [String]) throws(SystemError) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    // What we block or ignore is our own business.
    var (none, all) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    var (pipes, writers): ([Pipe], [Int32]) = ([], [])
    defer { for writer in writers { close(writer) } }
    for source in Source.allCases {
      var ends: [Int32] = [0, 0]
      let failure = unsafe linux_pipe(&ends)
      guard failure == 0 else { throw SystemError(code: -failure) }
      pipes.append(Pipe(source, ends[0]))
      // Above those numbers that the program gets, so that none is overwritten on the way.
      let writer = fcntl(ends[1], F_DUPFD_CLOEXEC, 10)
      close(ends[1])
      guard writer >= 0 else { throw SystemError(code: errno) }
      writers.append(writer)
      unsafe posix_spawn_file_actions_adddup2(&actions, writer, source.rawValue)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var list: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) }
    unsafe list.append(nil)
    defer { unsafe list.forEach { unsafe free($0) } }
    var child = pid_t()
    let failure = unsafe posix_spawnp(&child, program, &actions, &attributes, list, environ)
    guard failure == 0 else { throw SystemError(code: failure) }
    number = Mutex(child)
    self.pipes = pipes
  }

  /// The next bytes, and where they come from; nil once nothing more comes. For one thread.
  public func read() -> (source: Source, bytes: [UInt8])? {
    while true {
      let open = pipes.compactMap { pipe in pipe.open.map { (pipe: pipe, number: $0) } }
      guard !open.isEmpty else { return nil }
      var waits = open.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
      unsafe poll(&waits, nfds_t(waits.count), -1)
      for (wait, source) in zip(waits, open) where wait.revents != 0 {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.portion) { buffer, count in
          count = unsafe max(linux_receive(source.number, buffer.baseAddress, UInt(Self.portion)), 0)
        }
        if !bytes.isEmpty { return (source.pipe.source, bytes) }
        source.pipe.end()
      }
    }
  }

  /// Its exit status, or 128 and the signal that ended it. For one thread.
  public func waitForEnd() -> Int32 {
    guard let child = number.withLock({ $0 }) else { return 0 }
    // It keeps its number until we have taken notice, and nobody sends a signal to another.
    var information = unsafe siginfo_t()
    while unsafe waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    return number.withLock { number in
      number = nil
      var status: Int32 = 0
      guard unsafe waitpid(child, &status, 0) == child else { return 0 }
      let signal = status & 0x7F
      return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
  }

  /// Asks it to end, from any thread; one that is gone hears nothing.
  public func interrupt() { number.withLock { if let number = $0 { kill(number, SIGINT) } } }
}
