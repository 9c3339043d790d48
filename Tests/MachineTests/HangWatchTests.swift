import Testing

@testable import Machine

/// What is a hang and what is none, told without a clock.
@Suite("A guest that does not go on")
struct HangWatchTests {
  private let limit: UInt64 = 30_000

  /// Looks at one processor again and again, for twice the time that a hang takes.
  private func isHang(stalled: Bool = false, activity: (Int) -> Int = { _ in 0 }, _ doing: (Int) -> HangWatch.Doing) -> Bool {
    var watch = HangWatch(limit: limit, processors: 2, at: 1000)
    for step in 0..<200 {
      let now = watch.nextLook
      watch.postpone(at: now)
      watch.sees(doing(step), of: 1, activity: activity(step), hasStalled: stalled, at: now)
      watch.sees(.waiting, of: 0, activity: activity(step), hasStalled: stalled, at: now)
      if watch.isHang(at: now) { return true }
    }
    return false
  }

  @Test("a processor that spins where no interrupt reaches it hangs, whatever the others do")
  func deaf() { #expect(isHang { _ in .deaf }) }

  @Test("one that waits, runs a program, or works in its kernel does not")
  func goingOn() {
    for doing in [HangWatch.Doing.waiting, .program, .kernel] { #expect(!isHang { _ in doing }) }
    #expect(!isHang { step in step % 90 == 0 ? .kernel : .deaf }, "interrupts reach it now and then")
  }

  @Test("as long as anything passes between guest and host it is none")
  func activity() {
    #expect(!isHang(activity: { $0 / 50 }) { _ in .deaf })
    #expect(isHang(activity: { min($0, 20) }) { _ in .deaf })
  }

  @Test("a kernel that says itself that something is stuck hangs when no program runs any more")
  func stalled() {
    #expect(isHang(stalled: true) { _ in .kernel } && isHang(stalled: true) { _ in .waiting })
    #expect(!isHang(stalled: true) { step in step % 90 == 0 ? .program : .kernel })
  }

  @Test("it is not one a moment before its time")
  func exactly() {
    var watch = HangWatch(limit: limit, processors: 1, at: 1000)
    watch.sees(.deaf, of: 0, activity: 0, hasStalled: false, at: 1000 + limit)
    #expect(!watch.isHang(at: 999 + limit) && watch.isHang(at: 1000 + limit) && !watch.isHang(at: 0))
  }
}
