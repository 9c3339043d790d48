import Glibc
import TestSupport
import Testing

@testable import attack

/// The hostile guest, from fixed seeds: many on the release binary that scripts/test names, else a few on the one that is
/// built with the tests. `scripts/attack` goes on from any seed for as long as one likes.
@Suite(.serialized) struct AttackTests {
  private static let hasKVM = AttackPlan.Accelerator.available.contains(.kvm)

  @Test("HG-01 whatever a guest does to its machine, the run ends in time as a guest may end, and harms nothing outside")
  func software() { attack(on: .soft) }

  @Test("HG-01 the same on KVM", .enabled(if: hasKVM, "/dev/kvm cannot be used here"))
  func kvm() { attack(on: .kvm) }

  private func attack(on accelerator: AttackPlan.Accelerator) {
    let release = unsafe getenv("SWBOOT").map { unsafe String(cString: $0) }
    var campaign = AttackCampaign(program: release ?? ChildProcess.built("swboot"))
    for seed in 1...UInt64(release == nil ? 10 : 150) {
      let problem = campaign.attempt(AttackPlan(seed: seed, on: accelerator))
      #expect(problem == nil, "seed \(seed); see what it does: scripts/attack show \(seed) \(accelerator)")
    }
  }
}
