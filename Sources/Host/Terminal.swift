import CLinux
import Glibc
import Synchronization

/// The user's terminal: every key goes to the guest while it is raw.
public enum Terminal {
  public static let input: Int32 = 0

  /// The program ends: the terminal is not ours any more.
  private static let isGivenBack = Mutex(false)

  /// Raw mode, if standard input is a terminal.
  ///
  /// - Parameter endsLines: whether a newline returns the carriage, as guests expect that have no terminal of their own. A terminal in
  ///   the guest has done that before, and its programs mean what they say.
  @discardableResult public static func makeRaw(endsLines: Bool) throws(SystemError) -> Bool {
    let result = isGivenBack.withLock { $0 ? 0 : linux_terminal_make_raw(input, endsLines ? 1 : 0) }
    guard result >= 0 else { throw SystemError(code: -result) }
    return result == 1
  }

  /// From now on a fault of ours that ends the program gives the terminal back first.
  public static func restoreOnFaults() { linux_terminal_restore_on_faults() }

  /// True while keys reach us one by one, with none kept by the host.
  public static var isRaw: Bool { linux_terminal_is_raw() != 0 }

  /// What ends a line of our own there.
  static var lineEnd: String { linux_terminal_only_feeds_lines() != 0 ? "\r\n" : "\n" }

  /// Whether what this program writes is seen on a terminal.
  public static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }

  public struct Size: Equatable, Sendable {
    public let rows: Int
    public let columns: Int
  }

  /// Whether the user types at a terminal, and sees there what is written.
  public static var isOnBothSides: Bool { isatty(input) == 1 && isatty(STDOUT_FILENO) == 1 }

  /// How large the user's window is; nil if there is none.
  public static var size: Size? {
    var size = winsize()
    guard unsafe ioctl(input, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
    return Size(rows: Int(size.ws_row), columns: Int(size.ws_col))
  }

  /// The terminal as it was; harmless if it was never changed.
  public static func restore() { linux_terminal_restore() }

  /// The same, and nobody makes it raw any more.
  static func giveBack() {
    isGivenBack.withLock { isGivenBack in
      isGivenBack = true
      restore()
    }
  }

  /// Waits for keys and returns at most `limit`; nil at the end of the input, empty if something else came.
  public static func read(limit: Int = 4096) -> [UInt8]? {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      let n = unsafe Glibc.read(input, buffer.baseAddress, limit)
      count = max(n, 0)
      if n < 0 { failure = errno }
    }
    // Whoever gave us the input may have asked that nobody waits at it.
    if failure == EAGAIN { Descriptor.wait(for: POLLIN, at: input) }
    return bytes.isEmpty && failure != EINTR && failure != EAGAIN ? nil : bytes
  }
}
