import Glibc
import TestSupport
import Testing

/// `swboot run` on the software CPU, with Debian's unmodified kernel and the files of this host.
@Suite("A command on a kernel", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct RunTests {
  private func run(_ command: [String], _ options: [String] = [], input: ChildProcess.Stream = .null) throws -> ChildProcess.End {
    let guests = try #require(Guests.present)
    return ChildProcess.run(
      guests.swboot, ["run", "--accel", "soft", "--kernel", guests.cloud.kernel, "--timeout", "120s"] + options + ["--"] + command, input: input)
  }

  private func shell(_ script: String, _ options: [String] = [], input: ChildProcess.Stream = .null) throws -> ChildProcess.End {
    try run(["sh", "-c", script], options, input: input)
  }

  @Test("it sees that kernel, and nothing else is on its output")
  func release() throws {
    let end = try shell("echo '<6>a word' >/dev/kmsg; uname -r")
    #expect(end.status == 0 && end.errors.isEmpty, "\(end.errors)")
    #expect(end.output.hasPrefix("6.1.0-") && end.output.hasSuffix("-cloud-amd64\n"))
  }

  @Test("its streams are apart, and its status is ours", arguments: [0, 1, 7, 134, 255])
  func streams(_ status: Int) throws {
    let end = try shell("echo out; echo err >&2; exit \(status)")
    #expect(end.status == Int32(status) && end.output == "out\n" && end.errors == "err\n")
  }

  @Test("a command that a signal ends, that is not there or that cannot be executed has the status that a shell gives it")
  func shellStatuses() throws {
    #expect(try shell("kill -9 $$").status == 137)
    #expect(try run(["no-such-command"]).status == 127)
    #expect(try run(["/etc/passwd"]).status == 126)
  }

  @Test("it is where the caller is, with the caller's arguments and a short list of variables")
  func surroundings() throws {
    let end = try run(["sh", "-c", "pwd; id -u; echo \"$1\"; echo $MINE $LANG; env | wc -l", "sh", "a  b"], ["--env", "MINE=yes"])
    let lines = end.output.split(separator: "\n")
    #expect(lines.count == 5 && lines[0] == FileSystem.workingFolder && lines[1] == "\(geteuid())" && lines[2] == "a  b" && lines[3].hasPrefix("yes"))
  }

  @Test("what it writes is gone at its end, but for folders that it may change")
  func overlay() throws {
    let folder = TemporaryFolder()
    folder.write("old", to: "file")
    let script = "echo new > \(folder.path)/file; cat \(folder.path)/file; echo x > /etc/new-file && cat /etc/new-file"
    #expect(try shell(script).output == "new\nx\n")
    #expect(folder.text(of: "file") == "old")
    #expect(try shell(script, ["--rw", folder.path]).output == "new\nx\n")
    #expect(folder.text(of: "file") == "new\n")
    let shared = try shell("cat /data/sub/file; echo no > /data/sub/file || echo refused", ["--share", "\(folder.path)=/data/sub,ro"])
    #expect(shared.output == "new\nrefused\n")
    #expect(folder.text(of: "file") == "new\n")
  }

  @Test("its input arrives whole, with its end, in either direction and however large")
  func input() throws {
    let file = TemporaryFile((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) })
    let copy = TemporaryFile()
    let end = try #require(Guests.present)
    let status = ChildProcess.run(
      end.swboot, ["run", "--accel", "soft", "--kernel", end.cloud.kernel, "--timeout", "120s", "--", "cat"], input: .file(file.path),
      output: .file(copy.path)
    ).status
    #expect(status == 0 && copy.bytes == file.bytes)
    #expect(try shell("wc -c", input: .null).output == "0\n")
  }

  @Test("a command whose output nobody reads any more hears of it")
  func brokenPipe() throws {
    let guests = try #require(Guests.present)
    let end = ChildProcess.run(
      "/bin/bash", ["-c", "\(guests.swboot) run --accel soft --kernel \(guests.cloud.kernel) --timeout 120s -- yes | head -n 2; echo ${PIPESTATUS[0]}"])
    #expect(end.output == "y\ny\n141\n", "\(end.errors)")
  }

  @Test("modprobe finds the modules of a package that was only unpacked, by their names and by what they drive")
  func modprobe() throws {
    let end = try shell("modprobe fs-btrfs && modprobe virtio_net && modprobe ext4 && lsmod | cut -d' ' -f1")
    let loaded = Set(end.output.split(separator: "\n"))
    #expect(end.status == 0 && loaded.isSuperset(of: ["btrfs", "raid6_pq", "virtio_net"]) && end.errors.isEmpty, "\(end.errors)")
  }

  @Test("at a terminal it has one, too, of the same size")
  func terminal() throws {
    let guests = try #require(Guests.present)
    let command = "stty rows 33 cols 77; \(guests.swboot) run --accel soft --kernel \(guests.cloud.kernel) --timeout 120s"
    let end = ChildProcess.run("/usr/bin/script", ["-qec", "\(command) -- sh -c 'sleep 1; tty; stty size; exit 5'", "/dev/null"])
    #expect(end.status == 5 && end.output.contains("/dev/pts/0\r\n") && end.output.contains("33 77\r\n"), "\(end.output)")
  }

  @Test("what the kernel complains of is in the report, and fails the run if the user wishes it")
  func complaints() throws {
    let folder = TemporaryFolder()
    // The kernel frees memory by ending a process, as if there were none left: that one.
    let script = "sleep 100 & echo 1000 > /proc/$!/oom_score_adj; echo f > /proc/sysrq-trigger; wait $!; echo done"
    let report = "\(folder.path)/report.json"
    #expect(try shell(script, ["--report", report]).status == 0)
    let text = folder.text(of: "report.json")
    #expect(text.contains("\"verdict\": \"passed\"") && text.contains("\"kind\": \"oom-kill\""), "\(text)")
    #expect(text.contains("out_of_memory+0x") && text.contains("Killed process"), "its whole text, with names")
    let failed = try shell(script, ["--report", report, "--fail-on", "oom-kill"])
    #expect(failed.status == 242 && failed.output == "done\n" && failed.errors.contains("that memory ran out"))
    #expect(folder.text(of: "report.json").contains("\"command_status\": 0"))
    #expect(try shell("echo c > /proc/sysrq-trigger", ["--report", report]).status == 234)
    #expect(folder.text(of: "report.json").contains("\"title\": \"Kernel panic - not syncing: sysrq triggered crash\""))
  }

  @Test("a kernel that panics, and a guest that powers off, end it with statuses of their own and tell why")
  func badEnds() throws {
    let panic = try shell("echo c > /proc/sysrq-trigger")
    #expect(panic.status == 234 && panic.errors.contains("the guest's kernel panicked") && panic.errors.contains("Kernel panic"))
    let off = try shell("echo o > /proc/sysrq-trigger; sleep 60")
    #expect(off.status == 240 && off.errors.contains("before the command ended"), "\(off.errors)")
  }
}

enum FileSystem {
  static var workingFolder: String { ChildProcess.run("/bin/pwd", []).output.split(separator: "\n").first.map(String.init) ?? "" }
}
