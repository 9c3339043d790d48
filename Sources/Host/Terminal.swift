import CLinux
import Glibc

/// The user's terminal: every key goes to the guest while it is raw.
public enum Terminal {
  public static let input: Int32 = 0
  public static let output: Int32 = 1

  /// Raw mode, if standard input is a terminal.
  @discardableResult public static func makeRaw() throws(SystemError) -> Bool {
    let result = linux_terminal_make_raw(input)
    guard result >= 0 else { throw SystemError(code: -result) }
    return result == 1
  }

  /// From now on a signal that ends the program gives the terminal back first.
  public static func restoreOnFatalSignals() { linux_terminal_restore_on_fatal_signals() }

  /// True while keys reach us one by one, with none kept by the host.
  public static var isRaw: Bool { linux_terminal_is_raw() != 0 }

  /// The terminal as it was; harmless if it was never changed.
  public static func restore() { linux_terminal_restore() }

  /// Keys that are waiting, at most `limit`; nil at the end of the input, empty if none waits.
  public static func read(limit: Int = 4096) -> [UInt8]? {
    var ended = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      let n = unsafe Glibc.read(input, buffer.baseAddress, limit)
      count = max(n, 0)
      ended = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)
    }
    return ended ? nil : bytes
  }

  /// Writes what fits without an error; false once nobody listens any more.
  public static func write(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let n = unsafe bytes.withUnsafeBytes { source in
        guard let base = source.baseAddress else { return 0 }
        return unsafe Glibc.write(output, base + done, source.count - done)
      }
      if n > 0 { done += n }
      if n == 0 { return false }
      if n < 0, errno == EAGAIN {
        var wait = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        unsafe poll(&wait, 1, -1)
      } else if n < 0, errno != EINTR {
        return false
      }
    }
    return true
  }
}
