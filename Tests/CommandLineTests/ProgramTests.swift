import Glibc
import TestSupport
import Testing

import Options

/// The program itself, as a shell sees it.
@Suite struct ProgramTests {
  static let path = ChildProcess.built("swboot")

  private func run(
    _ arguments: String..., input: ChildProcess.Stream = .null, output: ChildProcess.Stream = .captured,
    errors: ChildProcess.Stream = .captured
  ) -> ChildProcess.End {
    ChildProcess.run(Self.path, arguments, input: input, output: output, errors: errors)
  }

  @Test("help is on standard output, and asking for it is no mistake")
  func helpText() {
    let end = run("--help")
    #expect(end.status == 0 && end.errors == "")
    #expect(end.output == Help.text + "\n")
  }

  @Test("a mistake is one sentence on standard error and status 202")
  func usage() {
    let end = run("--memory", "lots")
    #expect(end.status == 202 && end.output == "")
    #expect(end.errors == "swboot: --memory lots: write a size such as 512M or 2G.\n")
  }

  @Test("a file that cannot be used is one sentence with its name and status 202")
  func badFile() {
    let file = TemporaryFile([1, 2, 3])
    let end = run("--kernel", file.path, "--accel", "kvm")
    #expect(end.status == 202 || end.status == 204, "204 where there is no KVM to try it with")
    #expect(end.errors.split(separator: "\n").count == 1)
  }

  @Test("a folder that is not there is refused by its option", arguments: [["--root", "/no/such"], ["--rw", "/no/such"], ["--share", "/no/such=/x"]])
  func badFolder(_ options: [String]) {
    let end = ChildProcess.run(Self.path, ["run"] + options + ["--", "true"])
    #expect(end.status == 202 && end.errors == "swboot: \(options[0]) /no/such: there is no such folder.\n")
  }

  @Test("the map goes to standard output, and a full disk under it is an error")
  func map() {
    #expect(run("machine").output.contains("COM1  interrupt 4"))
    #expect(run("machine", output: .file("/dev/full")).status == 204)
    #expect(run("doctor").status == 0)
  }

  @Test("A10 to describe a machine touches none of its files")
  func mapOnly() {
    let (disk, log) = (TemporaryFile([UInt8](repeating: 1, count: 512)), TemporaryFile([1, 2, 3]))
    let end = run("machine", "--disk", disk.path, "--console", log.path, "--trace", "all,file=\(log.path)", "--screenshot", log.path)
    #expect(end.status == 0 && log.bytes == [1, 2, 3])
  }

  @Test("closed standard streams are no reason to fail")
  func closedStreams() {
    #expect(run("--help", input: .closed, output: .closed, errors: .closed).status == 0)
    #expect(run("--foo", input: .closed, output: .closed, errors: .closed).status == 202)
    let file = TemporaryFile()
    let end = run("machine", "--dtb", file.path, input: .closed, output: .closed, errors: .closed)
    #expect(end.status == 0)
    #expect(file.bytes.starts(with: [0xD0, 0x0D, 0xFE, 0xED]), "no descriptor of ours became the console's")
  }

  @Test("on a terminal Ctrl-a x ends the run, and the terminal is as it was")
  func escapeKey() {
    let terminal = PseudoTerminal()
    let before = terminal.mode
    let spinning = TemporaryFile(firmware(program("spin_only")))
    terminal.enter("\u{1}x")
    let end = run(
      "--firmware", spinning.path, "--accel", "soft", "--timeout", "20s", input: .file(terminal.path))
    #expect(end.status == 0 && end.errors == "")
    #expect(terminal.mode.c_lflag == before.c_lflag && terminal.mode.c_iflag == before.c_iflag)
  }

  @Test("the time is over on a terminal, too, and the terminal is as it was")
  func timeout() {
    let terminal = PseudoTerminal()
    let before = terminal.mode
    let spinning = TemporaryFile(firmware(program("spin_only")))
    let end = run("--firmware", spinning.path, "--accel", "soft", "--timeout", "100ms", input: .file(terminal.path))
    #expect(end.status == 224 && end.errors.hasPrefix("swboot: the time given by --timeout is over\n"))
    #expect(terminal.mode.c_lflag == before.c_lflag && terminal.mode.c_oflag == before.c_oflag)
  }

  @Test("what the guest says is standard output, and its exit code is the program's")
  func guest() {
    let hello = TemporaryFile(firmware(program("hello_console")))
    let end = run("--firmware", hello.path, "--accel", "soft", "--timeout", "20s")
    #expect(end.status == 0 && end.output == "hello\r\n" && end.errors == "")
    let exiting = TemporaryFile(firmware(program("debug_exit")))
    #expect(run("--firmware", exiting.path, "--accel", "soft", "--timeout", "20s").status == 0x2B)
  }
}
