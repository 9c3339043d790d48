import Glibc
@testable import Host
import TestSupport
import Testing

/// Standard input is a terminal of the test's own for the time of the suite's tests.
@Suite("The user's terminal", .serialized)
struct TerminalTests {
  /// A terminal that is standard input as long as this lives.
  private final class Line {
    private let terminal = PseudoTerminal()
    private let saved: Int32

    init() {
      saved = dup(0)
      dup2(terminal.descriptor, 0)
    }

    deinit {
      Terminal.restore()
      dup2(saved, 0)
      close(saved)
    }

    var mode: termios { terminal.mode }
    var hasKeys: Bool { terminal.hasKeys }
    func type(_ text: String) { terminal.type(text) }
  }

  @Test("raw mode takes every key as it comes, and lets our own lines end")
  func raw() throws {
    let line = Line()
    #expect(line.mode.c_lflag & UInt32(ICANON | ECHO | ISIG) == UInt32(ICANON | ECHO | ISIG))
    #expect(try Terminal.makeRaw(endsLines: true))
    #expect(Terminal.isRaw)
    #expect(line.mode.c_lflag & UInt32(ICANON | ECHO | ISIG) == 0)
    #expect(line.mode.c_iflag & UInt32(ICRNL | IXON) == 0)
    #expect(line.mode.c_oflag & UInt32(OPOST | ONLCR) == UInt32(OPOST | ONLCR))
    line.type("\u{3}x\r")
    #expect(Terminal.read() == [3, 0x78, 0x0D])
  }

  @Test("a guest's own terminal has ended its lines: the user's adds nothing to them, and our lines end all the same")
  func bare() throws {
    let line = Line()
    #expect(try Terminal.makeRaw(endsLines: false))
    #expect(line.mode.c_oflag & UInt32(OPOST) == 0 && Terminal.lineEnd == "\r\n")
    Terminal.restore()
    #expect(line.mode.c_oflag & UInt32(OPOST) != 0 && Terminal.lineEnd == "\n")
  }

  @Test("the terminal is given back as it was, once and again")
  func restore() throws {
    let line = Line()
    let before = line.mode
    try Terminal.makeRaw(endsLines: true)
    try Terminal.makeRaw(endsLines: true)
    Terminal.restore()
    Terminal.restore()
    #expect(!Terminal.isRaw)
    #expect(line.mode.c_lflag == before.c_lflag && line.mode.c_iflag == before.c_iflag)
    #expect(line.mode.c_oflag == before.c_oflag)
  }

  @Test("CO-04 what the terminal answered after the end is not left for the shell")
  func leftover() throws {
    let line = Line()
    try Terminal.makeRaw(endsLines: true)
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
    #expect(try !Terminal.makeRaw(endsLines: true))
    #expect(!Terminal.isRaw)
    #expect(Terminal.read() == nil)
  }
}
