import Reports
import Testing

@testable import Machine

/// When a run is over, told without a clock: a moment is a number.
@Suite("The end of a run")
struct RunStateTests {
  private let second: UInt64 = 1_000_000_000
  private var patience: UInt64 { RunState.patience }

  private func running(limit: UInt64? = nil, grace: UInt64 = 0) -> RunState {
    var state = RunState(limit: limit, grace: grace)
    state.begin()
    return state
  }

  @Test("A8 its time is over though there is no machine yet, and soon after that it is overdue")
  func limit() {
    var state = RunState(limit: 5 * second)
    state.pass(to: 5 * second - 1)
    #expect(state.outcome == nil && state.nextMoment == 5 * second)
    state.pass(to: 5 * second)
    #expect(state.outcome == .timedOut && state.wish == .timedOut)
    #expect(!state.isOverdue(at: 5 * second + patience - 1) && state.isOverdue(at: 5 * second + patience))
    #expect(patience < second)
  }

  @Test("a guest that hangs may still answer, and panic, before it is over")
  func hang() {
    var state = running()
    state.hung(until: 7 * second)
    #expect(state.nextMoment == 7 * second)
    var answering = state
    answering.panicked(until: 6 * second)
    answering.pass(to: 7 * second)
    #expect(answering.outcome == .panicked)
    var fallen = state
    fallen.end(.tripleFault(""))
    #expect(fallen.outcome == .hung, "the NMI was too much for it")
    state.pass(to: 7 * second)
    #expect(state.outcome == .hung && Outcome.hung.exitStatus == 244 && Outcome.hung.verdict == .hang && Outcome.hung.isHang)
  }

  @Test("a guest that ends by itself may take as long as its disks need, and no longer than its time")
  func ownEnd() {
    var state = running(limit: 60 * second)
    state.end(.poweredOff)
    #expect(!state.isOverdue(at: 59 * second))
    state.pass(to: 60 * second)
    #expect(state.outcome == .poweredOff, "if it comes to its end in order")
    #expect(state.isOverdue(at: 61 * second) && state.wish == .timedOut, "if it does not")
  }

  @Test("A3 a signal counts while the guest's end is stuck, and so does the second")
  func repeatedSignals() {
    var state = running(grace: 10 * second)
    state.end(.poweredOff)
    state.shutDown(signal: 15, at: second)
    #expect(state.isOverdue(at: second + patience) && state.wish == .interrupted(signal: 15))
    state.shutDown(signal: 15, at: second + 1)
    #expect(state.isOverdue(at: second + patience), "asking again does not put it off")
  }

  @Test("C6 a guest that is asked to shut down decides itself, within its grace")
  func grace() {
    var state = running(grace: 10 * second)
    state.shutDown(signal: 15, at: second)
    #expect(state.takeErrand() == .pressButton && state.takeErrand() == nil)
    #expect(state.outcome == nil && state.nextMoment == 11 * second)
    var obeyed = state
    obeyed.end(.poweredOff)
    #expect(obeyed.outcome?.exitStatus == 0)
    state.pass(to: 11 * second)
    #expect(state.outcome == .unanswered(signal: 15, seconds: 10) && state.outcome?.exitStatus == 143)
  }

  @Test("C6 the second time the run ends at once, and its time limit is longer than no grace")
  func insisting() {
    var state = running(limit: 5 * second, grace: 10 * second)
    state.shutDown(signal: 15, at: second)
    var limited = state
    state.shutDown(signal: 15, at: 2 * second)
    #expect(state.outcome == .interrupted(signal: 15))
    limited.pass(to: 5 * second)
    #expect(limited.outcome == .timedOut)
  }

  @Test("C6 a guest that has not begun, does not listen, or has no grace is not asked")
  func unasked() {
    var early = RunState(grace: second)
    early.shutDown(signal: 15, at: 0)
    #expect(early.outcome == .interrupted(signal: 15))
    var hasty = running(grace: 0)
    hasty.shutDown(signal: 15, at: 0)
    #expect(hasty.outcome == .interrupted(signal: 15))
    var deaf = running(grace: second)
    deaf.shutDown(signal: 15, at: 0)
    deaf.cannotShutDown(at: 0)
    #expect(deaf.outcome == .interrupted(signal: 15))
  }

  @Test("what a guest still does after its reset does not count, and what the host or the user does counts")
  func afterReset() {
    for outcome in [Outcome.exited(code: 15), .poweredOff, .halted, .tripleFault("")] {
      var state = running()
      state.reset(endingIn: nil)
      state.end(outcome)
      #expect(state.outcome == nil)
      state.begin()
      state.end(outcome)
      #expect(state.outcome == outcome)
    }
    var state = running()
    state.reset(endingIn: nil)
    state.end(.failed("a disk is gone"))
    #expect(state.outcome == .failed("a disk is gone"))
  }

  @Test("A10 what is asked for while the guest resets itself is not forgotten")
  func reset() {
    var state = running()
    state.reset(endingIn: nil)
    #expect(state.takeErrand() == .stop && state.outcome == nil)
    state.end(.quit, at: 0)
    state.begin()
    #expect(state.takeErrand() == .stop && state.outcome == .quit)
  }

  @Test("a kernel that panicked has a little time, and is not saved by a reset")
  func panic() {
    var state = running()
    state.panicked(until: 2 * second)
    state.panicked(until: 9 * second)
    #expect(state.nextMoment == 2 * second)
    var resetting = state
    resetting.reset(endingIn: nil)
    #expect(resetting.outcome == .panicked)
    state.pass(to: 2 * second)
    #expect(state.outcome == .panicked)
  }
}
