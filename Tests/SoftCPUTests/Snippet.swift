@testable import SoftCPU

/// Some instructions, with what they start from.
struct Snippet {
  var code: [UInt8] = []
  /// The instructions of the opcode table among them.
  var tests: [InstructionCase] = []
  var state = OracleState()
  var memory: [UInt8] = []
  /// Flags that no processor defines at the end.
  var undefinedFlags: UInt64 = 0
  var hasVectors = false
  /// Whether something may be executed twice.
  var hasLoop = false

  init() {}

  /// A single instruction.
  init(_ test: InstructionCase) {
    (code, tests, state, memory, undefinedFlags) = (test.code, [test], test.state, test.memory, test.undefinedFlags)
  }

  var text: String {
    "\(tests.map { "\($0.operation)" }.joined(separator: " ")): " + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }

  /// Flags that may be undefined where an instruction faults.
  var everUndefinedFlags: UInt64 { tests.reduce(undefinedFlags) { $0 | $1.undefinedFlags } }
}
