import Reports
import TestSupport
import Testing

@Suite("What a kernel complains of")
struct KernelLogTests {
  private func log(_ texts: String...) -> KernelLog {
    var log = KernelLog()
    for text in texts { for byte in "\(text)\n".utf8 { log.put(byte) } }
    return log
  }

  @Test("each is known by its words, and has all its lines and no other", arguments: KernelTexts.all.indices)
  func kinds(_ index: Int) {
    let (text, kind, title, lines) = KernelTexts.all[index]
    // Some kernels write times, and then in all lines.
    let hasTimes = text.hasPrefix("[")
    let log = hasTimes ? log("[    1.000000] Run /init as init process", text, "[  900.000000] random: crng init done") : log("Run /init", text)
    #expect(log.complaints.map(\.kind) == [kind] && log.counts == [kind: 1])
    #expect(log.complaints.first?.title == title)
    #expect(log.complaints.first?.lines.count == lines, "\(log.complaints.first?.lines ?? [])")
  }

  @Test("one after the other they stay apart, each with its time")
  func sequence() {
    let log = log(KernelTexts.warning, KernelTexts.null, KernelTexts.panic)
    #expect(log.complaints.map(\.kind) == [.warning, .oops, .panic])
    #expect(log.complaints.map(\.time) == [2.11114, 2.345678, 2.5])
  }

  @Test("what stands in a terminal's line before the kernel's word, and what ends the line, does not matter")
  func prompt() {
    let log = log("# insmod x.ko[    2.000000] BUG: scheduling while atomic: insmod/87/0x00000002\r")
    #expect(log.complaints.map(\.title) == ["BUG: scheduling while atomic: insmod/87/0x00000002"])
  }

  @Test("a program that says the same words is not the kernel, where the kernel writes times")
  func programs() {
    #expect(log("[    1.000000] Run /init as init process", "BUG: my program is wrong", "WARNING: CPU: 1 PID: 2").complaints.isEmpty)
  }

  @Test(
    "what only sounds like a complaint is none",
    arguments: [
      "Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on", "WARNING: Kernel is locked down", "DEBUG: nothing",
      "INFO: task statistics", "rcu: \tRCU restricting CPUs", "bug: 7", "Command line: oops=panic panic=-1", "x: 12 [#1]", "gpio [#1]",
    ])
  func harmless(_ line: String) { #expect(log("[    1.000000] \(line)").complaints.isEmpty) }

  @Test("the kernel's version is in its first line")
  func release() {
    #expect(log("[    0.000000] Linux version 6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP").release == "6.1.0-56-cloud-amd64")
  }

  @Test("a guest that complains without end, or in lines without end, takes a bounded part of memory")
  func endless() {
    var log = KernelLog()
    for number in 0..<100 {
      for byte in "BUG: number \(number)\n".utf8 { log.put(byte) }
      for _ in 0..<20 { for byte in "x\n".utf8 { log.put(byte) } }
    }
    #expect(log.complaints.count == 8 && log.counts == [.bug: 100])
    log = KernelLog()
    for _ in 0..<300_000 { log.put(UInt8(ascii: "B")) }
    log = self.log("Oops: 0000 [#1] " + String(repeating: "y", count: 1000))
    for _ in 0..<1000 { for byte in "a line without an end trace\n".utf8 { log.put(byte) } }
    #expect(log.complaints.map(\.kind) == [.oops])
    #expect((log.complaints.first?.lines.joined().utf8.count ?? 0) <= 16 << 10)
  }

  @Test("any bytes have an answer")
  func hostile() {
    var (log, chance) = (KernelLog(), Chance(7))
    let pieces = ["[", "    1.000000] ", "BUG: ", "Oops: ", ": 0000 [#1]", "\n", "---[ end ", "====================", "\u{0}\u{FF}", "] ", "</TASK>", "INFO: rcu stall"]
    for _ in 0..<5000 { for byte in chance.one(of: pieces).utf8 { log.put(byte) } }
    #expect(log.counts.values.reduce(0, +) > 0)
  }

  @Test("a word of --fail-on means a kind, or several, or nothing")
  func words() {
    #expect(Complaint.Kind.named("stall") == [.rcuStall, .hungTask, .softLockup, .hardLockup])
    #expect(Complaint.Kind.named("lockdep") == [.lockdep] && Complaint.Kind.named("nonsense").isEmpty)
    for name in Complaint.Kind.names { #expect(!Complaint.Kind.named(name).isEmpty) }
    #expect(!Complaint.Kind.serious.contains(.warning) && Complaint.Kind.serious.contains(.kasan))
  }
}
