import Processor
import Reports
import Testing

@testable import Machine

/// What the caller of swboot learns from its exit status and its last sentence.
@Suite struct OutcomeTests {
  private static let all: [Outcome] = [
    .poweredOff, .exited(code: 3), .reset, .panicked, .hung, .tripleFault(""), .halted, .watchdog, .timedOut, .quit,
    .interrupted(signal: 15), .failed(""), .refused(""),
  ]

  @Test("every way to a bad end has a status of its own")
  func statuses() {
    let bad = Self.all.filter { $0.explanation != nil && $0 != .reset }.map(\.exitStatus)
    #expect(Set(bad).count == bad.count && !bad.contains(0))
  }

  @Test("a complaint of the kernel makes a run fail, and gives the verdict")
  func verdicts() {
    var report = RunReport(.commandEnded(status: 3))
    #expect(report.exitStatus == 3 && report.verdict == .failed && report.lines.isEmpty)
    report.failure = Complaint(title: "BUG: KASAN: use-after-free in f", kind: .kasan, time: nil, lines: [])
    #expect(report.exitStatus == 242 && report.verdict == .oops)
    #expect(report.lines == ["the guest's kernel reported an error found by KASAN (--fail-on): BUG: KASAN: use-after-free in f"])
    #expect(RunReport(.exited(code: 1)).verdict == .passed && RunReport(.exited(code: 3)).verdict == .failed)
    #expect(Verdict(.noRoot) == .panic && Verdict(.lockdep) == .complaint)
  }

  @Test("a guest that goes before its command has begun may have lacked something, which is told")
  func loss() {
    var run = CommandRun(shares: [], initialRAMDisk: [], hasTerminal: false)
    #expect(run.note(.commandLost, hasBegun: false) == nil)
    run.lack = "it needs CONFIG_VIRTIO_FS."
    #expect(run.note(.commandLost, hasBegun: false) == run.lack)
    #expect(run.note(.commandLost, hasBegun: true) == nil && run.note(.panicked, hasBegun: false) == nil)
  }

  @Test("what the console has said last is told at a bad end, and only there", arguments: SmallGuest.accelerators)
  func lastWords(_ accelerator: Configuration.Accelerator) throws {
    // mov dx, 0x3F8; mov al, 'A'; out dx, al; then out 0xF4, al, or cli and hlt.
    let words: [UInt8] = [0x66, 0xBA, 0xF8, 0x03, 0xB0, 0x41, 0xEE]
    let good = try SmallGuest(code: words + [0xE6, 0xF4], on: accelerator).report()
    let bad = try SmallGuest(code: words + [0xFA, 0xF4], on: accelerator).report()
    #expect(good.outcome == .exited(code: 0x83) && good.lines.isEmpty)
    #expect(bad.outcome == .halted && bad.lines.first == "  | A")
  }

  @Test("a watchdog that ran out is told apart from a run that ran out of time")
  func watchdog() {
    #expect(Outcome.watchdog.exitStatus == 238)
    #expect(Outcome.watchdog.explanation?.contains("watchdog") == true)
    #expect(Outcome.watchdog.isHang, "what the processors were doing is told")
  }

  @Test("D2 a processor that was reset at its triple fault is told apart from one that still shows its own")
  func shutDown() {
    // As AMD's processors leave it to KVM: caches off, the processor's kind in EDX.
    var state = ProcessorState.reset
    (state.cr0, state[.rdx]) = (0x6000_0010, 0x800F12)
    #expect(state.isAsAfterReset)
    state.cr0 |= 1
    #expect(!state.isAsAfterReset)
    (state.cr0, state.rip) = (0x10, 0x7C00)
    #expect(!state.isAsAfterReset)
  }
}
