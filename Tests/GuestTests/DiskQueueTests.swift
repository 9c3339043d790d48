import TestSupport
import Testing

@Suite("Debian's kernel and a disk with several queues", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct DiskQueueTests {
  private static let tracer = "/usr/bin/strace"

  /// What processor `number` reads or writes goes past the guest's own cache.
  private static func direct(_ number: Int, _ action: String) -> String { "taskset \(1 << number) dd bs=4k count=1 \(action) 2>/dev/null" }

  @Test("it uses a queue for each processor, and each for what that processor asks for", arguments: [2, 4])
  func queues(processors: Int) throws {
    let guests = try #require(Guests.present)
    let trace = TemporaryFile()
    let reads = (0..<processors).map { Self.direct($0, "if=/dev/vda of=/dev/null iflag=direct skip=\(1000 + $0)") }.joined(separator: "; ")
    let end = guests.linux(
      "cd /sys/block/vda/mq; for q in *; do echo queue $q: $(cat $q/cpu_list); done; \(reads)",
      ["--cpus", "\(processors)", "--disk", guests.disk + ",snapshot", "--trace", "virtio-blk0,file=\(trace.path)"])
    #expect(end.status == 0 && end.output.contains("SWBOOT-GUEST-DONE 0"), "\(end.errors)")
    for queue in 0..<processors {
      #expect(end.output.contains("queue \(queue): \(queue)\r\n"), "\(end.output)")
      #expect(trace.text.contains("queue \(queue) took chain") && trace.text.contains("queue \(queue) completed chain"))
    }
    #expect(!end.output.contains("queue \(processors):"), "\(end.output)")
  }

  @Test(
    "a flush that one processor asks for comes after what another was told is written, and is over before the guest goes on",
    .enabled(if: ChildProcess.run(tracer, ["-V"]).status == 0, "needs strace"))
  func flush() throws {
    let guests = try #require(Guests.present)
    let (image, calls) = (TemporaryFile([UInt8](repeating: 0, count: 1 << 20)), TemporaryFile())
    let rounds = (0..<4).map { round in
      let (writer, flusher) = (round % 2, 1 - round % 2)
      return "\(Self.direct(writer, "if=/dev/urandom of=/dev/vda oflag=direct conv=notrunc seek=\(round)")); taskset \(1 << flusher) dd if=/dev/null of=/dev/vda conv=fsync,notrunc 2>/dev/null"
    }
    let end = ChildProcess.run(
      Self.tracer,
      ["-f", "-e", "trace=pwritev,fdatasync", "-o", calls.path, guests.swboot, "--accel", "soft", "--cpus", "2", "--timeout", "300s"]
        + ["--kernel", guests.cloud.kernel, "--initrd", guests.cloud.initramfs, "--disk", image.path]
        + ["--append", "console=ttyS0 panic=-1 swboot.run=\"\(rounds.joined(separator: "; "))\""])
    #expect(end.status == 0 && end.output.contains("SWBOOT-GUEST-DONE 0"), "\(end.errors)")
    // Which calls have begun and ended, in their order.
    let story = calls.text.split(separator: "\n").compactMap { line -> String? in
      guard line.contains("pwritev") || line.contains("fdatasync") else { return nil }
      let name = line.contains("pwritev") ? "write" : "flush"
      return line.contains("unfinished") ? "\(name) begins" : line.contains(" resumed>") ? "\(name) ends" : "\(name) begins, \(name) ends"
    }
    let round = "write begins, write ends, flush begins, flush ends"
    #expect(story.joined(separator: ", ").hasPrefix(Array(repeating: round, count: 4).joined(separator: ", ")), "\(calls.text)")
  }
}
