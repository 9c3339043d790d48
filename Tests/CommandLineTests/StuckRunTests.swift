import Glibc
import TestSupport
import Testing

/// Whatever is stuck on the host, a run ends when it has to. A run that does not is killed, which is status 137.
@Suite struct StuckRunTests {
  private static let limit = ["--foreground", "-s", "KILL", "15"]
  private let spinning = TemporaryFile(firmware(program("spin_only")))
  /// Writes to the serial port without end.
  private let chattering = TemporaryFile(firmware([0xBA, 0xF8, 0x03, 0xB0, 0x78, 0xEE, 0xEB, 0xFD]))

  private func run(
    _ guest: TemporaryFile, _ options: [String] = ["--timeout", "300ms"], input: ChildProcess.Stream = .null,
    output: ChildProcess.Stream = .null, errors: ChildProcess.Stream = .captured
  ) -> ChildProcess.End {
    let arguments = Self.limit + [ProgramTests.path, "--firmware", guest.path, "--accel", "soft"] + options
    return ChildProcess.run("/usr/bin/timeout", arguments, input: input, output: output, errors: errors)
  }

  @Test("A3 a full pipe on standard error does not keep a run that is over, nor a mistake from being one")
  func errors() {
    let pipe = StuckPipe()
    #expect(run(spinning, errors: .descriptor(pipe.descriptor)).status == 224)
    #expect(run(spinning, ["--nonsense"], errors: .descriptor(pipe.descriptor)).status == 202)
  }

  @Test("A3 full pipes everywhere do not keep it either, and what was lost is told where somebody reads")
  func everything() {
    let pipe = StuckPipe()
    let end = run(chattering, ["--timeout", "300ms", "--debugcon", "stdio", "--trace", "all"], output: .descriptor(pipe.descriptor))
    #expect(end.status == 224)
    #expect(end.errors.contains("of the console were lost: standard output did not take them in time"), "\(end.errors)")
    #expect(run(chattering, output: .descriptor(pipe.descriptor), errors: .descriptor(pipe.descriptor)).status == 224)
  }

  @Test("A3 a terminal that nobody reads does not keep it, and is as it was")
  func terminal() {
    let terminal = PseudoTerminal()
    let before = terminal.mode
    terminal.fill()
    let end = run(chattering, input: .file(terminal.path), output: .file(terminal.path), errors: .file(terminal.path))
    #expect(end.status == 224)
    #expect(terminal.mode.c_lflag == before.c_lflag && terminal.mode.c_oflag == before.c_oflag)
  }

  @Test("A4 pipes that nobody reads from, or writes to, do not keep a run from its start", arguments: ["--console", "--debugcon", "--trace"])
  func pipes(option: String) {
    let pipe = NamedPipe()
    let value = option == "--trace" ? "io,file=\(pipe.path)" : pipe.path
    #expect(run(chattering, ["--timeout", "300ms", option, value]).status == 224)
  }

  @Test("A4 a pipe where a file has to be is refused", arguments: ["--kernel", "--initrd", "--keys", "--disk", "--screenshot", "--fw-cfg"])
  func inputs(option: String) {
    let pipe = NamedPipe()
    let end = run(spinning, [option, (option == "--fw-cfg" ? "opt/a=" : "") + pipe.path] + (option == "--initrd" ? ["--kernel", spinning.path] : []))
    #expect(end.status == 202)
    #expect(end.errors == "swboot: \(pipe.path): is a pipe, not a regular file\n")
  }

  @Test("A10 Ctrl-a x ends a guest that takes no key, after many that it did not take")
  func deafGuest() {
    let terminal = PseudoTerminal()
    terminal.enter("typed into the void \u{1}x")
    let end = run(spinning, [], input: .file(terminal.path))
    #expect(end.status == 0 && end.errors == "")
  }

  /// How a run can be ended from outside.
  enum Wish: CaseIterable, Sendable { case timeout, signal, escape }

  @Test("A8 a disk whose host does not answer does not keep a run that has to be over", arguments: Wish.allCases)
  func stalledDisk(wish: Wish) throws {
    let (kernel, disk) = (TemporaryFile(SmallLinux.make(code: program("virtio_asker"))), TemporaryFile([UInt8](repeating: 0, count: 512)))
    let terminal = PseudoTerminal()
    let time = wish == .timeout ? "3s" : "1m"
    let options = ["--kernel", kernel.path, "--disk", disk.path, "--accel", "soft", "--timeout", time]
    let guest = try #require(Conversation(ProgramTests.path, options, at: terminal))
    try #require(guest.hears("ready"))
    let worker = try #require(guest.hold(thread: "virtio-blk0"), "needs a host where a test may hold a thread of its own child")
    terminal.enter("k")
    try #require(guest.hears("asked"))
    switch wish {
    case .timeout: break
    case .signal: guest.send(signal: SIGTERM)
    case .escape: terminal.enter("\u{1}x")
    }
    #expect(worker.letsItsProcessEnd(milliseconds: 10_000))
    #expect(guest.finish() == [.timeout: 224, .signal: 143, .escape: 0][wish])
    #expect(guest.text.contains("the host was still storing what the guest wrote"), "\(guest.text)")
  }

  @Test(
    "A8 a processor that does not stop does not keep it either, whatever is to be told of it, and no device is blamed for what may be the host's",
    arguments: [[], ["--report", "--profile", "--timeline", "--coverage"]])
  func stalledProcessor(reports: [String]) throws {
    let kernel = TemporaryFile(firmware(program("ignores_button")))
    let folder = TemporaryFolder()
    let options = reports.flatMap { [$0, "\(folder.path)/\($0).json"] }
    let guest = try #require(Conversation(ProgramTests.path, ["--firmware", kernel.path, "--accel", "soft", "--timeout", "2s"] + options))
    try #require(guest.hears("ready"))
    let processor = try #require(guest.hold(thread: "cpu 0"), "needs a host where a test may hold a thread of its own child")
    #expect(processor.letsItsProcessEnd(milliseconds: 10_000))
    #expect(guest.finish() == 224)
    #expect(guest.text.contains("had not stopped yet: it waited for a device, or for its turn on a busy host"), "\(guest.text)")
  }

  @Test("A8 its time is over while a kernel is being unpacked that is far larger than its file")
  func bomb() {
    let kernel = TemporaryFile(Self.packedZeroes(2 << 30))
    let end = ChildProcess.run(
      "/usr/bin/timeout",
      Self.limit + [ProgramTests.path, "--kernel", kernel.path, "--accel", "soft", "--memory", "3G", "--timeout", "50ms"])
    #expect(end.status == 224)
    #expect(end.errors.contains("still being loaded"))
  }

  /// The beginning of a gzip stream of so many zeroes: the first as it is, then "the last 258 bytes again" (RFC 1951).
  private static func packedZeroes(_ count: Int) -> [UInt8] {
    let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    // The last block, of fixed codes; literal 0. Then codes 285 and 0, eight times in thirteen bytes.
    let start = [1, 1, 0] + [0, 0, 1, 1, 0, 0, 0, 0]
    let bits = start + (0..<16).flatMap { _ in [1, 1, 0, 0, 0, 1, 0, 1] + [0, 0, 0, 0, 0] }
    let bytes = (0..<26).map { byte in (0..<8).reduce(UInt8(0)) { $0 | UInt8(bits[byte * 8 + $1]) << UInt8($1) } }
    return header + bytes.prefix(13) + [[UInt8]](repeating: Array(bytes.suffix(13)), count: count / (8 * 258)).joined()
  }

  @Test("A11 a signal that would end a program gives the terminal back, whichever it is", arguments: [SIGXCPU, SIGALRM, SIGUSR2, SIGHUP, 40])
  func signals(number: Int32) throws {
    let hello = TemporaryFile(firmware(program("ignores_button")))
    let guest = try #require(Conversation(ProgramTests.path, ["--firmware", hello.path, "--accel", "soft", "--timeout", "20s"]))
    #expect(guest.hears("ready"))
    guest.send(signal: number)
    #expect(guest.finish() == 128 + number)
    #expect(guest.text.contains("swboot: ended by signal \(number)\n"))
  }

  @Test("C6 SIGTERM presses the power button, and a guest that obeys has powered off")
  func obedient() throws {
    let image = TemporaryFile(firmware(program("obeys_button")))
    let guest = try #require(Conversation(ProgramTests.path, ["--firmware", image.path, "--accel", "soft", "--timeout", "20s"]))
    #expect(guest.hears("ready"))
    guest.send(signal: SIGTERM)
    #expect(guest.finish() == 0)
    #expect(guest.text.contains("swboot: the guest is asked to shut down"))
  }

  @Test("C6 a guest that does not obey ends with its grace, or with the second signal")
  func disobedient() throws {
    let image = TemporaryFile(firmware(program("ignores_button")))
    for (grace, signals) in [("100ms", 1), ("1h", 2)] {
      let guest = try #require(
        Conversation(ProgramTests.path, ["--firmware", image.path, "--accel", "soft", "--timeout", "20s", "--shutdown-grace", grace]))
      #expect(guest.hears("ready"))
      guest.send(signal: SIGTERM)
      #expect(guest.hears("asked to shut down"))
      if signals == 2 { guest.send(signal: SIGTERM) }
      #expect(guest.finish() == 143)
      #expect(guest.text.contains("--shutdown-grace") == (signals == 1))
    }
  }
}
