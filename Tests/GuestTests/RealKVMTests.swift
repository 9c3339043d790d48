import TestSupport
import Testing

/// Whole guests on a KVM that is the processor's own; `scripts/test-kvm` makes one elsewhere.
@Suite("On a real KVM", .serialized, .enabled(if: Guests.present != nil && Guests.haveRealKVM, "\(Guests.absenceOfKVM)"))
struct RealKVMTests {
  private let guests: Guests
  init() throws { guests = try #require(Guests.present) }

  private func linux(_ command: String, _ options: [String], line: String = "") -> ChildProcess.End {
    guests.linux(command, ["--accel", "kvm", "--timeout", "500s"] + options, line: line)
  }

  @Test("Debian's kernel boots with one processor and two, with either kind of interrupt chips, and keeps what it writes to its disk")
  func linux() throws {
    let image = TemporaryFile(TemporaryFile.contents(of: guests.disk))
    for (round, (chips, processors)) in [("on", "1"), ("split", "2"), ("on", "2"), ("split", "1")].enumerated()
    where round < 2 || Guests.runsAll {
      let end = linux("nproc; cat /mnt/note; echo round-\(round) >/mnt/note; sync", ["--cpus", processors, "--kernel-irqchip", chips, "--disk", image.path])
      #expect(end.status == 0, "\(end.errors)")
      for text in ["\r\n\(processors)\r\n", "SWBOOT-GUEST-DONE 0", "reboot: Power down"] {
        #expect(end.output.contains(text), "\(chips), \(processors): \(end.output)")
      }
      #expect(round == 0 || end.output.contains("round-\(round - 1)\r\n"), "\(end.output)")
    }
  }

  @Test("D3 its processor has the host's name")
  func name() throws {
    func name(in text: String) -> String? {
      text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("model name") }.map { String($0.drop { $0 != ":" }) }
    }
    let end = linux("grep 'model name' /proc/cpuinfo", [])
    #expect(end.status == 0, "\(end.errors)")
    let host = try #require(name(in: String(decoding: TemporaryFile.contents(of: "/proc/cpuinfo"), as: UTF8.self)))
    #expect(name(in: end.output) == host, "\(end.output)")
  }

  @Test("D2 a triple fault ends it, and what it was doing is shown, or that KVM has lost that")
  func tripleFault() throws {
    let end = linux("reboot -f", [], line: "reboot=t")
    #expect(end.status == 232 && end.errors.contains("triple fault"), "\(end.errors)")
    #expect(end.errors.contains("native_machine_emergency_restart") != end.errors.contains("what it was doing is lost"), "\(end.errors)")
  }

  @Test("a panic ends it, and the calls that led there are named", .enabled(if: Guests.runsAll, "\(Guests.brevity)"))
  func panic() {
    let end = linux("echo c > /proc/sysrq-trigger", [])
    #expect(end.status == 234 && end.errors.contains("sysrq_handle_crash"), "\(end.errors)")
  }

  @Test("our firmware boots GRUB, which boots Linux to a shell", .enabled(if: BootFiles.present != nil, "\(BootFiles.absence)"))
  func grub() throws {
    let files = try #require(BootFiles.present)
    try files.boot(
      ["--accel", "kvm", "--timeout", "500s", "--disk", files.grubDisk + ",snapshot"],
      ["GRUB loading", "Welcome to GRUB!", "GRUB-OK platform=pc cpu=i386"] + BootFiles.linuxRuns)
  }

  @Test(
    "SeaBIOS boots SYSLINUX, which boots Linux",
    .enabled(if: BootFiles.present != nil, "\(BootFiles.absence)"), .enabled(if: Guests.runsAll, "\(Guests.brevity)"))
  func seabios() throws {
    let files = try #require(BootFiles.present)
    try files.boot(
      ["--accel", "kvm", "--timeout", "500s", "--firmware", files.seabios, "--disk", files.syslinuxDisk + ",snapshot"],
      ["Booting from Hard Disk...", "SYSLINUX 6.04", "SYSLINUX-OK", "Loading /vmlinuz", "Linux version 6.1.0-"])
  }
}
