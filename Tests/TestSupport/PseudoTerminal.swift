public import Glibc

/// A terminal with the test at its other end.
public final class PseudoTerminal {
  private let master: Int32
  /// The end that programs use.
  public let descriptor: Int32
  public let path: String

  public init() {
    // What grantpt, unlockpt and ptsname do, which Swift does not import: TIOCSPTLCK and TIOCGPTN.
    master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var number: Int32 = 0
    unsafe _ = ioctl(master, 0x4004_5431, &number)
    unsafe _ = ioctl(master, 0x8004_5430, &number)
    path = "/dev/pts/\(number)"
    descriptor = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
  }

  deinit {
    close(descriptor)
    close(master)
  }

  public var mode: termios {
    var mode = termios()
    unsafe tcgetattr(descriptor, &mode)
    return mode
  }

  /// Types keys; returns once a program could read them.
  public func type(_ text: String) {
    enter(text)
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    unsafe poll(&wait, 1, -1)
  }

  /// Types keys that a program can read once it takes them one by one.
  public func enter(_ text: String) { unsafe _ = write(master, text, text.utf8.count) }

  /// Writes to it as much as fits: who writes more waits for a reader, and there is none.
  public func fill() {
    let flags = fcntl(descriptor, F_GETFL)
    _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
    let block = [UInt8](repeating: 0x7A, count: 4096)
    while unsafe write(descriptor, block, block.count) > 0 {}
    _ = fcntl(descriptor, F_SETFL, flags)
  }

  public var hasKeys: Bool {
    var count: Int32 = 0
    unsafe _ = ioctl(descriptor, UInt(FIONREAD), &count)
    return count > 0
  }
}
