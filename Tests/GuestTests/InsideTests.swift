import Glibc
import TestSupport
import Testing

/// What a run tells of the inside of Debian's kernel, on the software CPU.
@Suite("Inside a kernel", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct InsideTests {
  private let folder = TemporaryFolder()

  private func run(_ options: [String], _ script: String) throws -> ChildProcess.End {
    let guests = try #require(Guests.present)
    return ChildProcess.run(
      guests.swboot, ["run", "--accel", "soft", "--kernel", guests.cloud.kernel, "--timeout", "120s"] + options + ["--", "sh", "-c", script])
  }

  @Test("a profile has the kernel's functions with their callers, those of modules, and programs")
  func profile() throws {
    #expect(try run(["--profile", "\(folder.path)/p.txt"], "for i in 1 2 3; do cat /usr/bin/* | wc -c; done").status == 0)
    let lines = folder.text(of: "p.txt").split(separator: "\n")
    #expect(lines.allSatisfy { line in line.split(separator: " ").last.flatMap { Int($0) } ?? 0 > 0 })
    #expect(lines.contains { $0.contains("start_kernel;") } && lines.contains { $0.contains("kernel_init_freeable;do_one_initcall;") })
    #expect(lines.contains { $0.contains("do_syscall_64;") && $0.contains("fuse_") } && lines.contains { $0.hasPrefix("[program] ") })
    #expect(try run(["--profile", "\(folder.path)/p.svg"], "true").status == 0)
    #expect(folder.text(of: "p.svg").contains("<title>start_kernel: "))
  }

  @Test("the coverage has what the command asked of the kernel, as often as it did, and nothing that it did not ask for")
  func coverage() throws {
    #expect(try run(["--coverage", "\(folder.path)/c.txt"], "i=0; while [ $i -lt 1000 ]; do ulimit -t >/dev/null; i=$((i+1)); done; umask 22").status == 0)
    var counts: [Substring: Int] = [:]
    for line in folder.text(of: "c.txt").split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      if words.count == 2 { counts[words[1]] = Int(words[0]) }
    }
    #expect(counts["start_kernel"] == 1 && counts["__x64_sys_reboot"] == nil)
    let limits = (counts["__x64_sys_getrlimit"] ?? 0) + (counts["__x64_sys_prlimit64"] ?? 0)
    #expect((1000...1100).contains(limits), "\(limits)")
    #expect(counts.keys.contains { $0.hasSuffix(" [virtiofs]") } && counts.count > 5000)
  }

  @Test("a timeline has the way from swboot's start by the kernel to the command, one after the other, and the initcalls on it")
  func timeline() throws {
    #expect(try run(["--timeline", "\(folder.path)/t.json"], "sleep 0.3").status == 0)
    let text = folder.text(of: "t.json")
    var rest = text[...]
    for name in ["swboot opens files", "kernel or firmware is put in memory", "the kernel starts", "its initcalls", "first process", "the command", "the end"] {
      let place = try #require(rest.firstRange(of: "\"name\": \"\(name)"), "\(name)")
      rest = rest[place.upperBound...]
    }
    #expect(text.contains("\"first access to shared files\"") && text.contains("acpi_init"))
    #expect(try run(["--timeline", "\(folder.path)/t.svg"], "true").status == 0)
    #expect(folder.text(of: "t.svg").contains(">the command<"))
  }

  @Test("a trace's accesses name the function that accesses, and its callers")
  func trace() throws {
    #expect(try run(["--trace", "io,irq,file=\(folder.path)/t.txt"], "true").status == 0)
    let text = folder.text(of: "t.txt")
    #expect(text.contains(" by pci_conf1_read < pci_bus_read_config_dword < "))
    #expect(text.split(separator: "\n").contains { $0.contains("virtio-fs: ") && $0.contains("[virtio_pci_modern_dev]") })
  }
}
