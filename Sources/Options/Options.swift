public import Machine
public import Run
public import Trials

/// What the command line asks for. Of an option given twice the last counts; every disk, module and fw_cfg file counts.
public struct Options {
  public enum Command: Equatable, Sendable {
    case boot
    case run
    case test
    case report
    case help
    case version
    case doctor
    case machine
    case manual
    case completion(Shell)
  }

  public internal(set) var command = Command.boot
  public internal(set) var configuration = Configuration()
  /// What `swboot run` is to do.
  public internal(set) var run = RunRequest()
  /// What `swboot test` is to do, and in what formats it and `swboot report` write.
  public internal(set) var test = TestRequest()
  /// What stands on the command line by itself: tests, or reports.
  public internal(set) var operands: [String] = []
  /// Every disk is one whose changes are thrown away.
  var isSnapshot = false

  public init(_ arguments: [String]) throws(UsageError) {
    do throws(UsageError) { try take(arguments) } catch { throw UsageError(message: error.message, report: configuration.report) }
  }

  private mutating func take(_ arguments: [String]) throws(UsageError) {
    var rest = arguments[...]
    try takeCommand(&rest)
    while let argument = rest.popFirst() {
      if argument == "--", command == .run || takesOperands {
        if command == .run { run.command = Array(rest) } else { operands += rest }
        break
      }
      if takesOperands, !argument.hasPrefix("-") {
        operands.append(argument)
        continue
      }
      let before = rest
      try take(argument, &rest)
      note(argument, before.prefix(before.count - rest.count))
    }
    try checkRun()
    try checkTest()
    if isSnapshot {
      for index in configuration.disks.indices where !configuration.disks[index].isReadOnly { configuration.disks[index].isSnapshot = true }
    }
    do throws(MachineError) {
      switch command {
      case .boot: configuration = try configuration.checkedToBoot()
      case .run, .test: configuration = try configuration.checked()
      case .machine: configuration = try configuration.checked()
      case .report, .help, .version, .doctor, .manual, .completion: break
      }
    } catch { throw UsageError(message: error.message) }
  }

  private mutating func takeCommand(_ rest: inout ArraySlice<String>) throws(UsageError) {
    switch rest.first {
    case "run":
      command = .run
      // Room for what the command writes.
      configuration.memory = 1 << 30
    case "test": command = .test
    case "report": command = .report
    case "doctor": command = .doctor
    case "machine": command = .machine
    case "manual": command = .manual
    case "completion":
      rest.removeFirst()
      command = .completion(try Self.choice("completion", rest.first ?? ""))
    default: return
    }
    rest.removeFirst()
  }

  private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
    var name = argument.hasPrefix("--") ? argument : FamiliarOptions.names[argument] ?? argument
    var value: String?
    if name.hasPrefix("--"), let equals = name.utf8.firstIndex(of: UInt8(ascii: "=")) {
      value = String(name[name.index(after: equals)...])
      name = String(name[..<equals])
    }
    if let option = OptionTable.row(name) {
      switch option.value {
      case .none where value != nil: throw UsageError(message: "\(name) takes no value. See swboot --help.")
      case .none, .optional: try option.effect(&self, value)
      case .required: try option.effect(&self, Self.value(value, of: argument, &rest))
      }
    } else if try !takeFamiliar(name, argument, value, &rest) {
      throw unknown(argument)
    }
  }

  /// What only makes sense with `run`, and what makes none with it.
  private mutating func checkRun() throws(UsageError) {
    guard command == .run || command == .test else {
      guard run == RunRequest() else {
        throw UsageError(message: "options for running a command need the word run: swboot run [option...] -- COMMAND. See swboot --help.")
      }
      return
    }
    for (name, isGiven) in [
      ("--initrd", configuration.initrd != nil), ("--module", !configuration.modules.isEmpty), ("--firmware", configuration.firmware != nil),
      ("--console", configuration.console != .standard), ("--keys", configuration.keys != nil),
    ] where isGiven { throw UsageError(message: "\(name) with run: swboot run brings its own. Leave one of them out.") }
    guard configuration.seed == nil else {
      throw UsageError(message: "--deterministic with run: the host's files and streams do not come at the same time in every run. Leave it out.")
    }
    run.kernel = configuration.kernel
    configuration.kernel = nil
  }

  /// The value behind an equals sign, or else the next argument.
  private static func value(_ value: String?, of argument: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> String {
    guard let value = value ?? rest.popFirst() else { throw UsageError(message: "\(argument) needs a value. See swboot --help.") }
    return value
  }

  /// QEMU's spelling of an option; false if it is none.
  private mutating func takeFamiliar(
    _ name: String, _ argument: String, _ value: String?, _ rest: inout ArraySlice<String>
  ) throws(UsageError) -> Bool {
    switch name {
    case "-enable-kvm": configuration.accelerator = .kvm
    case "-snapshot": isSnapshot = true
    case _ where FamiliarOptions.flags.contains(name): break
    case _ where FamiliarOptions.takesValue(name):
      let value = try Self.value(value, of: argument, &rest)
      guard let meaning = try FamiliarOptions.translate(name, value), let option = OptionTable.row(meaning.name) else { return true }
      try option.effect(&self, meaning.value)
    default: return false
    }
    return true
  }

  private func unknown(_ argument: String) -> UsageError {
    argument.hasPrefix("-")
      ? UsageError(message: "\(argument) is not an option of swboot. See swboot --help.")
      : command == .run
        ? UsageError(message: "\(argument): put -- before the command: swboot run [option...] -- \(argument). See swboot --help.")
        : UsageError(message: "\(argument): say what this is, such as --kernel \(argument). See swboot --help.")
  }
}
