import TestSupport

/// Many seeds, one after the other, and what became of them.
struct AttackCampaign {
  private let program: String
  private let kernel = TemporaryFile(SmallLinux.make(code: TestSupport.program("attack")))
  private(set) var endings: [AttackRun.Ending: Int] = [:]
  private(set) var attacks: [String: Int] = [:]

  /// - Parameter program: swboot.
  init(program: String) { self.program = program }

  /// Tries a plan; returns what is wrong, if anything is. A run that was late is tried once more.
  mutating func attempt(_ plan: AttackPlan) -> String? {
    for name in plan.attackNames { attacks[name, default: 0] += 1 }
    var result = run(plan)
    if case .late = result { result = run(plan) }
    switch result {
    case .well(let ending):
      endings[ending, default: 0] += 1
      return nil
    case .late(let problem), .badly(let problem): return problem
    }
  }

  private func run(_ plan: AttackPlan) -> AttackRun.Result { AttackRun(plan, program: program, kernel: kernel.path).result }

  /// Runs a plan with everything that the guest tells of itself on standard output.
  func show(_ plan: AttackPlan) -> Int32 {
    let disks = AttackDisks()
    let arguments = plan.arguments(kernel: kernel.path, disks: disks, talk: 2)
    return ChildProcess.run(program, arguments + ["--debugcon", "stdio"], output: .inherited, errors: .inherited).status
  }

  /// What was tried, and how it ended.
  var report: String {
    let lines = attacks.sorted { $0.key < $1.key }.map { "  \($0.key): in \($0.value) runs" }
    let ends = AttackRun.Ending.allCases.compactMap { ending in endings[ending].map { "  \($0) \(ending.rawValue)" } }
    return (["tried:"] + lines + ["of these runs:"] + ends).joined(separator: "\n")
  }
}
