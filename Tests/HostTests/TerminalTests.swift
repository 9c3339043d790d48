import Glibc
import Host
import TestSupport
import Testing

/// Standard input is a terminal of the test's own for the time of the suite's tests.
@Suite("The user's terminal", .serialized)
struct TerminalTests {
  /// The other end of a terminal that is standard input.
  private final class Line {
    let master: Int32
    private let slave: Int32
    private let saved: Int32

    init() {
      // What grantpt, unlockpt and ptsname do, which Swift does not import: TIOCSPTLCK and TIOCGPTN.
      master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var number: Int32 = 0
      unsafe _ = ioctl(master, 0x4004_5431, &number)
      unsafe _ = ioctl(master, 0x8004_5430, &number)
      slave = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
      saved = dup(0)
      dup2(slave, 0)
    }

    deinit {
      Terminal.restore()
      dup2(saved, 0)
      for number in [master, slave, saved] { close(number) }
    }

    var mode: termios {
      var mode = termios()
      unsafe tcgetattr(slave, &mode)
      return mode
    }

    /// Returns once the keys are there to be read.
    func type(_ text: String) {
      unsafe _ = write(master, text, text.utf8.count)
      var wait = pollfd(fd: slave, events: Int16(POLLIN), revents: 0)
      unsafe poll(&wait, 1, -1)
    }

    var hasKeys: Bool {
      var count: Int32 = 0
      unsafe _ = ioctl(slave, UInt(FIONREAD), &count)
      return count > 0
    }
  }

  @Test("raw mode takes every key as it comes, and lets our own lines end")
  func raw() throws {
    let line = Line()
    #expect(line.mode.c_lflag & UInt32(ICANON | ECHO | ISIG) == UInt32(ICANON | ECHO | ISIG))
    #expect(try Terminal.makeRaw())
    #expect(Terminal.isRaw)
    #expect(line.mode.c_lflag & UInt32(ICANON | ECHO | ISIG) == 0)
    #expect(line.mode.c_iflag & UInt32(ICRNL | IXON) == 0)
    #expect(line.mode.c_oflag & UInt32(OPOST | ONLCR) == UInt32(OPOST | ONLCR))
    line.type("\u{3}x\r")
    #expect(Terminal.read() == [3, 0x78, 0x0D])
  }

  @Test("the terminal is given back as it was, once and again")
  func restore() throws {
    let line = Line()
    let before = line.mode
    try Terminal.makeRaw()
    try Terminal.makeRaw()
    Terminal.restore()
    Terminal.restore()
    #expect(!Terminal.isRaw)
    #expect(line.mode.c_lflag == before.c_lflag && line.mode.c_iflag == before.c_iflag)
    #expect(line.mode.c_oflag == before.c_oflag)
  }

  @Test("CO-04 what the terminal answered after the end is not left for the shell")
  func leftover() throws {
    let line = Line()
    try Terminal.makeRaw()
    line.type("\u{1B}[?62;c rm\r")
    #expect(line.hasKeys)
    Terminal.restore()
    #expect(!line.hasKeys)
  }

  @Test("standard input that is no terminal stays as it is")
  func noTerminal() throws {
    let saved = dup(0)
    defer {
      dup2(saved, 0)
      close(saved)
    }
    let file = unsafe open("/dev/null", O_RDONLY)
    dup2(file, 0)
    close(file)
    #expect(try !Terminal.makeRaw())
    #expect(!Terminal.isRaw)
    #expect(Terminal.read() == nil)
  }
}
