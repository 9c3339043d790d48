import TestSupport

/// One run of swboot under attack, and whether it ended well.
struct AttackRun {
  /// The ways in which a guest may end.
  enum Ending: String, CaseIterable {
    case done = "made every step"
    case exited = "wrote to the exit port"
    case off = "switched itself off"
    case timeUp = "had no more time"
    case reset = "reset itself where a command was to run"
    case panicked = "reported a panic"
    case tripleFault = "ended in a triple fault"
    case halted = "halted for good"
    case watchdog = "were ended by their watchdog timer"
    case refused = "asked for system management mode"
    case failed = "were given up by KVM"
  }

  enum Result: Equatable {
    case well(Ending)
    /// It took longer than it may: the host may have been busy with something else.
    case late(String)
    /// With what is wrong.
    case badly(String)
  }

  /// More than the guest's memory, in KiB: a display's, translated code, queues.
  static let allowance = 160 << 10
  /// Seconds that a run may take beyond its time.
  static let grace = 1.0
  /// Seconds after which nobody waits any longer for its end.
  private static let patience = 10.0

  let result: Result

  /// - Parameter program: swboot.
  init(_ plan: AttackPlan, program: String, kernel: String, allowance: Int = allowance) {
    let disks = AttackDisks()
    let arguments = plan.arguments(kernel: kernel, disks: disks)
    guard let process = WatchedProcess(program, arguments, patience: plan.timeout + Self.patience) else {
      result = .badly("\(program) cannot be run")
      return
    }
    let most = plan.memory << 10 + allowance
    result =
      if let damage = disks.damage {
        .badly(damage)
      } else if let peak = process.peakMemory, peak > most {
        .badly("grew to \(peak) KiB, and \(most) were allowed")
      } else {
        switch process.end {
        case .signal(let number): .badly("died by signal \(number): \(process.errors)")
        case .killed: .late("did not end within \(Int(Self.patience)) seconds after its time")
        case .exited where process.seconds > plan.timeout + Self.grace:
          .late("took \(process.seconds) seconds, and \(plan.timeout) were allowed")
        case .exited(let status):
          Self.ending(status, plan, process.errors).map { .well($0) } ?? .badly("ended with status \(status): \(process.errors)")
        }
      }
  }

  private static func ending(_ status: Int32, _ plan: AttackPlan, _ errors: String) -> Ending? {
    switch status {
    case 0: .off
    case 1: .done
    case 224: .timeUp
    case 240 where plan.sharesFiles: .reset
    case 234: .panicked
    case 232: .tripleFault
    case 236: .halted
    case 238: .watchdog
    case 202 where errors.contains("system management mode"): .refused
    // A KVM may not know how to go on with a guest; our own processor always does.
    case 204 where plan.accelerator == .kvm: .failed
    case let status where status & 1 != 0: .exited
    default: nil
    }
  }
}
