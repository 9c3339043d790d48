import Glibc
import Synchronization

/// Another program, run to its end.
public enum ChildProcess {
  public struct End: Sendable {
    /// The exit status, or 128 and the signal.
    public let status: Int32
    public let output: String
    public let errors: String
  }

  /// What the child's standard stream is.
  public enum Stream: Sendable {
    case null
    /// Ours.
    case inherited
    /// Collected, and found in the end.
    case captured
    case file(String)
    /// What this descriptor of ours leads to.
    case descriptor(Int32)
    case closed
  }

  /// Where the build has put a program of ours: beside the tests.
  public static func built(_ name: String) -> String {
    (CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast() + [name[...]]).joined(separator: "/")
  }

  private static let spawning = Mutex(())

  /// For tests of file locks: until its program is loaded, a child holds our locks, too.
  public static func whileNoneStarts<R: Sendable>(_ body: () throws -> R) rethrows -> R {
    try spawning.withLock { _ in try body() }
  }

  /// A pipe of which no child of ours holds an end that it was not given.
  static func pipe() -> (read: Int32, write: Int32)? {
    whileNoneStarts {
      var ends: [Int32] = [0, 0]
      guard unsafe Glibc.pipe(&ends) == 0 else { return nil }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends[0], ends[1])
    }
  }

  public static func run(
    _ program: String, _ arguments: [String], input: Stream = .null, output: Stream = .captured, errors: Stream = .captured
  ) -> End {
    let (log, errorLog) = (TemporaryFile(), TemporaryFile())
    var status: Int32 = -1
    guard let child = launch(program, arguments, [(input, "/dev/null"), (output, log.path), (errors, errorLog.path)]),
      unsafe waitpid(child, &status, 0) == child
    else { return End(status: -1, output: "", errors: "\(program) cannot be run") }
    let signal = status & 0x7F
    return End(status: signal == 0 ? status >> 8 & 0xFF : 128 + signal, output: log.text, errors: errorLog.text)
  }

  /// - Parameter streams: the three standard ones, and the file that each is if it is captured.
  static func launch(_ program: String, _ arguments: [String], _ streams: [(stream: Stream, file: String)]) -> pid_t? {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (index, stream) in streams.enumerated() {
      let number = Int32(index)
      let path: String
      switch stream.stream {
      case .closed:
        unsafe posix_spawn_file_actions_addclose(&actions, number)
        continue
      case .descriptor(let ours):
        unsafe posix_spawn_file_actions_adddup2(&actions, ours, number)
        continue
      case .inherited: continue
      case .null: path = "/dev/null"
      case .captured: path = stream.file
      case .file(let other): path = other
      }
      unsafe posix_spawn_file_actions_addopen(&actions, number, path, number == 0 ? O_RDONLY : O_WRONLY, 0)
    }
    return unsafe start(program, arguments, &actions)
  }

  static func start(_ program: String, _ arguments: [String], _ actions: inout posix_spawn_file_actions_t) -> pid_t? {
    var list: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) }
    unsafe list.append(nil)
    defer { unsafe list.forEach { unsafe free($0) } }
    var child = pid_t()
    let failure = spawning.withLock { _ in unsafe posix_spawn(&child, program, &actions, nil, list, environ) }
    return failure == 0 ? child : nil
  }
}
