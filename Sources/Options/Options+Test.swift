internal import Machine
internal import Trials

/// `swboot test` and `swboot report`.
extension Options {
  /// Whether words that are no options stand for files.
  var takesOperands: Bool { command == .test || command == .report }

  /// Options are for every test's machine, unless they are for the tests as a whole.
  mutating func note(_ argument: String, _ value: ArraySlice<String>) {
    guard command == .test else { return }
    let word = argument.prefix { $0 != "=" }
    let name = FamiliarOptions.names[String(word)] ?? String(word)
    if name == "--kernel" {
      if let kernel = configuration.kernel { test.kernels.append(kernel) }
    } else if name != "--report", OptionTable.row(name)?.topic != .testing {
      test.options += [argument] + value
    }
  }

  /// What makes sense with tests only, and what makes none with them.
  mutating func checkTest() throws(UsageError) {
    switch command {
    case .test:
      guard !operands.isEmpty else {
        throw UsageError(message: "swboot test needs a TEST, a program or a script on this host: swboot test [option...] ./selftest. See swboot --help.")
      }
      guard configuration.debugger == nil else {
        throw UsageError(message: "--gdb with test: every machine would wait for a debugger. Debug one with swboot run.")
      }
      for (name, isGiven) in [("--profile", configuration.profile != nil), ("--coverage", configuration.coverage != nil), ("--timeline", configuration.timeline != nil)] where isGiven {
        throw UsageError(message: "\(name) with test: every machine would write to that file. Look at one with swboot run.")
      }
      test.tests = operands
      (test.report, configuration.report) = (configuration.report, nil)
    case .report:
      guard !operands.isEmpty else { throw UsageError(message: "swboot report needs files that --report has written: swboot report *.json.") }
      (test.report, configuration.report) = (configuration.report, nil)
    default:
      guard test == TestRequest() else {
        throw UsageError(message: "options for tests need the word test: swboot test [option...] TEST... See swboot --help.")
      }
    }
  }
}
