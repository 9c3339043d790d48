import Glibc
import TestSupport
import Testing

@testable import attack

/// Who judges runs under attack must notice what is bad: programs that misbehave in swboot's place.
@Suite struct VerdictTests {
  /// - Parameter script: what is run in swboot's place, with its arguments.
  private func result(_ script: String, timeout: Double = 3, allowance: Int = AttackRun.allowance) -> AttackRun.Result {
    let program = TemporaryFile(Array("#!/bin/sh\n\(script)\n".utf8))
    unsafe _ = chmod(program.path, 0o700)
    var plan = AttackPlan(seed: 1, on: .soft)
    plan.timeout = timeout
    plan.memory = 32
    return AttackRun(plan, program: program.path, kernel: "/dev/null", allowance: allowance).result
  }

  @Test("statuses that a guest can bring about are good ends")
  func goodEnds() {
    #expect(result("exit 0") == .well(.off))
    #expect(result("exit 1") == .well(.done))
    #expect(result("exit 85") == .well(.exited))
    #expect(result("exit 224") == .well(.timeUp))
  }

  @Test("a signal, a status that means nothing, and a failing host are not")
  func badEnds() {
    #expect(result("kill -SEGV $$") == .badly("died by signal 11: "))
    #expect(result("kill -ILL $$") == .badly("died by signal 4: "))
    #expect(result("echo why >&2; exit 204") == .badly("ended with status 204: why\n"))
    #expect(result("exit 202") == .badly("ended with status 202: "))
  }

  @Test("a run that goes on after its time is late")
  func late() {
    guard case .late = result("sleep 1.3; exit 224", timeout: 0.1) else {
      Issue.record("it was in time")
      return
    }
  }

  @Test("a disk that has another size, and a changed one that was not to change, are damage")
  func damagedDisks() {
    let each = "for a in \"$@\"; do case $a in"
    #expect(result("\(each) *,ro) echo >>${a%,ro};; esac; done; exit 1") == .badly("the read-only disk was changed"))
    #expect(result("\(each) *,snapshot) echo | dd of=${a%,snapshot} conv=notrunc 2>&-;; esac; done; exit 1") == .badly("the base of the snapshot was changed"))
    #expect(result("while [ \"$1\" != --disk ]; do shift; done; echo >>$2; exit 1") == .badly("the disk has 65537 bytes now"))
  }

  @Test("a process that takes much more memory than its guest has grows")
  func growth() {
    guard case .badly(let message) = result("exec dd if=/dev/zero of=/dev/null bs=700M count=1 2>&-", allowance: 16 << 10) else {
      Issue.record("nobody noticed")
      return
    }
    #expect(message.hasPrefix("grew to "))
  }

  @Test("the guest says which attacks it knows")
  func attacks() {
    #expect(AttackPlan.attacks.first == "power" && AttackPlan.attacks.contains("virtio"))
  }

  @Test("a seed's plan is the same each time")
  func plans() {
    for seed in UInt64(1)...50 {
      let disks = AttackDisks()
      let (first, second) = (AttackPlan(seed: seed, on: .soft), AttackPlan(seed: seed, on: .soft))
      #expect(first.arguments(kernel: "k", disks: disks) == second.arguments(kernel: "k", disks: disks))
      #expect(!first.attackNames.isEmpty)
    }
  }
}
