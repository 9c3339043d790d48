import Glibc
import Reports
import TestSupport
import Testing

/// What the program tells other programs of a run.
@Suite("A run's report") struct ReportTests {
  private let folder = TemporaryFolder()
  private var path: String { "\(folder.path)/report.json" }

  private var report: JSON? { JSON(Array(folder.text(of: "report.json").utf8)) }

  private func run(_ arguments: String...) -> ChildProcess.End { ChildProcess.run(ProgramTests.path, ["--report", path] + arguments) }

  /// A guest that says this on its console and powers off.
  private func speaker(_ text: String) -> TemporaryFile {
    TemporaryFile(firmware(program("hello_console").dropLast("hello\r\n\0".utf8.count) + Array(text.utf8) + [0]))
  }

  @Test("why KVM has left the guest is counted", .enabled(if: unsafe access("/dev/kvm", R_OK | W_OK) == 0, "/dev/kvm cannot be used here"))
  func exits() {
    let guest = speaker("hello\r\n")
    #expect(run("--firmware", guest.path, "--accel", "kvm", "--timeout", "20s").status == 0)
    #expect((report?["exits"]?["port"]?.integer ?? 0) >= 7, "\(folder.text(of: "report.json"))")
  }

  @Test("two results do not go to one file, though it is not there yet")
  func oneFile() {
    let guest = speaker("hello\r\n")
    let end = run("--firmware", guest.path, "--accel", "soft", "--profile", "\(folder.path)/new", "--timeline", "\(folder.path)/new.svg")
    #expect(end.status == 0 && folder.text(of: "new.svg").contains("firmware, or code before"))
    let both = run("--firmware", guest.path, "--accel", "soft", "--profile", "\(folder.path)/none.svg", "--timeline", "\(folder.path)/none.svg")
    #expect(both.status == 202 && both.errors.contains("that is the file of --timeline"), "\(both.errors)")
  }

  @Test("a guest that ends well has passed, and its devices are counted")
  func passed() {
    let guest = speaker("hello\r\n")
    #expect(run("--firmware", guest.path, "--accel", "soft", "--timeout", "20s").status == 0)
    #expect(report?["schema"]?.text == "swboot-run/1" && report?["verdict"]?.text == "passed" && report?["status"]?.integer == 0)
    #expect((report?["accesses"]?["COM1"]?.integer ?? 0) >= 7, "\(folder.text(of: "report.json"))")
    #expect(report?["console"] == .strings(["hello"]) && report?["complaints"] == .array([]) && report?["reason"] == .null)
    #expect(report?["accelerator"]?["name"]?.text == "soft" && report?["kernel"] == .null)
    #expect(report?["arguments"]?.list.first?.text == "--report")
    #expect((report?["seconds"]?["wall"]?.number ?? 0) > 0)
  }

  @Test("a kernel that goes on after an oops has not passed, unless the user says that it has")
  func complaint() {
    let guest = speaker("[    1.000000] BUG: scheduling while atomic: sh/1/2\r\n[    1.000001] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\r\n")
    let end = run("--firmware", guest.path, "--accel", "soft", "--timeout", "20s")
    #expect(end.status == 242)
    #expect(end.errors == "swboot: the guest's kernel reported a bug (--fail-on): BUG: scheduling while atomic: sh/1/2\n")
    #expect(report?["verdict"]?.text == "oops")
    #expect(report?["complaints"]?.list.compactMap { $0["kind"]?.text } == ["bug", "warning"])
    #expect(report?["complaints"]?.list.compactMap(Complaint.init).first?.title == "BUG: scheduling while atomic: sh/1/2")
    #expect(run("--firmware", guest.path, "--accel", "soft", "--timeout", "20s", "--fail-on", "stall").status == 0)
    #expect(run("--firmware", guest.path, "--accel", "soft", "--timeout", "20s", "--fail-on", "none").status == 0)
    #expect(run("--firmware", guest.path, "--accel", "soft", "--timeout", "20s", "--fail-on", "stall,warning").status == 242)
    #expect(report?["verdict"]?.text == "warning")
  }

  @Test("there is one, too, when the time is over, when a file is not there, and for a mistake on the command line")
  func badEnds() {
    let guest = TemporaryFile(firmware(program("spin_only")))
    #expect(run("--firmware", guest.path, "--accel", "soft", "--timeout", "100ms").status == 224)
    #expect(report?["verdict"]?.text == "timeout" && report?["processors"]?.text?.isEmpty == false)
    #expect(run("--kernel", "/no/such/kernel").status == 202)
    #expect(report?["verdict"]?.text == "refused" && report?["reason"]?.text?.contains("/no/such/kernel") == true)
    #expect(run("--memory", "lots").status == 202)
    #expect(report?["reason"]?.text == "--memory lots: write a size such as 512M or 2G.")
    #expect(run("run", "--kernel", "/no/such/kernel", "--", "true").status == 202)
    #expect(report?["verdict"]?.text == "refused" && report?["accelerator"] == .null)
  }

  @Test("VC-01 a processor that spins with interrupts off ends its run, if the user wishes so, and one that waits does not")
  func hang() {
    let spinning = TemporaryFile(firmware(program("spin_only")))
    let end = run("--firmware", spinning.path, "--accel", "soft", "--timeout", "60s", "--hang", "300ms")
    #expect(end.status == 244 && end.errors.contains("does not go on") && end.errors.contains("rip"), "\(end.errors)")
    #expect(report?["verdict"]?.text == "hang" && report?["processors"]?.text?.isEmpty == false)
    #expect(run("--firmware", spinning.path, "--hang", "1s", "--gdb", "1").errors.contains("--hang with --gdb"))
  }

  @Test("with a kernel's debug information it has file and line, and without the program that reads it a sentence")
  func sources() {
    // What stands for addr2line says where it was asked for everything.
    folder.write("#!/bin/sh\nshift 2; for name; do echo ./kernel/place.c:7; done\n", to: "addr2line")
    let vmlinux = TemporaryFile([0x7F] + Array("ELF".utf8))
    let guest = speaker("[    1.000000] BUG: bad\r\n[    1.000001]  do_it+0x1/0x2\r\n[    1.000002]  in_module+0x1/0x2 [m]\r\n")
    func run(path: String) -> ChildProcess.End {
      ChildProcess.run(
        "/bin/sh",
        ["-c", "chmod +x \(folder.path)/addr2line; PATH=\(path) exec \(ProgramTests.path) --firmware \(guest.path) --accel soft --timeout 20s --vmlinux \(vmlinux.path) --report \(self.path)"])
    }
    #expect(run(path: "\(folder.path):/bin:/usr/bin").status == 242)
    #expect(report?["complaints"]?.list.first?["text"]?.text == "BUG: bad\n do_it+0x1/0x2 kernel/place.c:7\n in_module+0x1/0x2 [m]")
    #expect(run(path: "/nowhere").errors.contains("--vmlinux: addr2line, which GNU's binutils have, cannot be started"))
    #expect(self.run("--firmware", guest.path, "--vmlinux", "/no/such/file").errors.contains("--vmlinux /no/such/file"))
    #expect(self.run("--firmware", guest.path, "--vmlinux", guest.path).errors == "swboot: --vmlinux \(guest.path): is no ELF file.\n")
  }

  @Test("it can be read from a pipe, and a pipe that nobody reads holds nobody up")
  func pipe() {
    let guest = speaker("hello\r\n")
    let shell = ChildProcess.run(
      "/bin/bash", ["-c", "\(ProgramTests.path) --firmware \(guest.path) --accel soft --timeout 20s --report >(cat >\(path)) >/dev/null; sleep 0.3"])
    #expect(shell.status == 0 && report?["verdict"]?.text == "passed", "\(shell.errors)")
    let pipe = NamedPipe()
    let end = ChildProcess.run(ProgramTests.path, ["--firmware", guest.path, "--accel", "soft", "--report", pipe.path])
    #expect(end.status == 0 && end.errors.contains("the host has not yet stored the report"), "\(end.errors)")
  }

  @Test("a place that takes none is refused by its name, and so is a file that has another use")
  func places() {
    let guest = speaker("hello\r\n")
    for place in ["/no/such/folder/report.json", folder.path, guest.path] {
      let end = ChildProcess.run(ProgramTests.path, ["--firmware", guest.path, "--accel", "soft", "--report", place])
      #expect(end.status == 202 && end.errors.contains("--report \(place)"), "\(end.errors)")
    }
    #expect(run("--firmware", guest.path, "--fail-on", "oops,nonsense").errors.contains("--fail-on oops,nonsense: choose none, or some of all,"))
  }
}
