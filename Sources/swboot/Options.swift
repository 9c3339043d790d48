internal import Machine

/// A mistake on the command line: what, and what to do instead.
struct UsageError: Error, Equatable {
  let message: String
}

/// What the command line means. Of an option given twice the last counts; every disk counts.
struct Options {
  enum Command: String {
    case boot
    case help
    case doctor
    case machine
  }

  private(set) var command = Command.boot
  private(set) var configuration = Configuration()

  private static let flags: Set = ["--help", "--no-reboot", "--kernel-irqchip", "-enable-kvm", "-snapshot"]
  private static let takesValue: Set = [
    "--kernel", "--initrd", "--append", "--dtb", "--disk", "--firmware", "--firmware-vars", "--memory", "--cpus", "--accel", "--console",
    "--debugcon", "--fw-cfg", "--gdb", "--keys", "--screenshot", "--timeout", "--trace", "--triple-fault",
  ]
  /// Slots of the PCI bus that are left for disks.
  static let mostDisks = 24

  init(_ arguments: [String]) throws(UsageError) {
    var rest = arguments[...]
    if let first = rest.first, let named = Command(rawValue: first), named == .doctor || named == .machine {
      command = named
      rest.removeFirst()
    }
    while let argument = rest.popFirst() {
      var name = FamiliarOptions.names[argument] ?? argument
      var value: String?
      if name.hasPrefix("--"), let equals = name.firstIndex(of: "=") {
        value = String(name[name.index(after: equals)...])
        name = String(name[..<equals])
      }
      if name == "--deterministic" {
        configuration.seed = try Self.seed(value)
      } else if name == "--display" {
        configuration.display = try Self.display(value)
      } else if Self.flags.contains(name) || FamiliarOptions.flags.contains(name) {
        guard value == nil else { throw UsageError(message: "\(name) takes no value. See swboot --help.") }
        setFlag(name)
      } else {
        guard Self.takesValue.contains(name) || FamiliarOptions.takesValue(name) else { throw Self.unknown(argument) }
        if value == nil { value = rest.popFirst() }
        guard let value else { throw UsageError(message: "\(argument) needs a value. See swboot --help.") }
        if Self.takesValue.contains(name) {
          try set(name, value)
        } else if let meaning = try FamiliarOptions.translate(name, value) {
          try set(meaning.name, meaning.value)
        }
      }
    }
    try check()
  }

  private static func unknown(_ argument: String) -> UsageError {
    argument.hasPrefix("-")
      ? UsageError(message: "\(argument) is not an option of swboot. See swboot --help.")
      : UsageError(message: "\(argument): say what this is, such as --kernel \(argument). See swboot --help.")
  }

  private mutating func setFlag(_ name: String) {
    switch name {
    case "--help": command = .help
    case "--no-reboot": configuration.stopsOnReset = true
    case "--kernel-irqchip": configuration.keepsChipsInKernel = true
    case "-enable-kvm": configuration.accelerator = .kvm
    case "-snapshot": isSnapshot = true
    default: break
    }
  }

  /// Every disk is one whose changes are thrown away.
  private var isSnapshot = false

  private mutating func set(_ name: String, _ value: String) throws(UsageError) {
    switch name {
    case "--kernel": configuration.kernel = try Self.path(name, value)
    case "--initrd": configuration.initrd = try Self.path(name, value)
    case "--append": configuration.commandLine = value
    case "--dtb": configuration.deviceTree = try Self.path(name, value)
    case "--firmware": configuration.firmware = value == "builtin" ? .builtin : .file(try Self.path(name, value))
    case "--firmware-vars": configuration.firmwareVariables = try Self.path(name, value)
    case "--fw-cfg": configuration.firmwareFiles.append(try Self.firmwareFile(value))
    case "--disk": configuration.disks.append(try Self.disk(value))
    case "--memory": configuration.memory = try Self.size(value)
    case "--cpus": configuration.processors = try Self.count(value)
    case "--accel": configuration.accelerator = try Self.choice(name, value == "tcg" ? "soft" : value)
    case "--triple-fault": configuration.tripleFault = try Self.choice(name, value)
    case "--console": configuration.console = try Self.stream(name, value)
    case "--debugcon": configuration.debugConsole = try Self.stream(name, value)
    case "--timeout": configuration.timeout = try Self.seconds(value)
    case "--keys": configuration.keys = try Self.path(name, value)
    case "--screenshot": configuration.screenshot = try Self.path(name, value)
    case "--gdb": configuration.debugger = try Self.debuggerPlace(name, value)
    default: configuration.trace = try Self.trace(value)
    }
  }

  // MARK: What only makes sense together

  private mutating func check() throws(UsageError) {
    if isSnapshot {
      for index in configuration.disks.indices where !configuration.disks[index].isReadOnly {
        configuration.disks[index].isSnapshot = true
      }
    }
    guard configuration.disks.count <= Self.mostDisks else {
      throw UsageError(message: "\(configuration.disks.count) disks: the machine has room for \(Self.mostDisks).")
    }
    let written = configuration.disks.filter { !$0.isReadOnly && !$0.isSnapshot }.map(\.path)
    for path in written where configuration.disks.count(where: { $0.path == path }) > 1 {
      throw UsageError(message: "--disk \(path) is given twice: only disks with ro or snapshot can share an image.")
    }
    if configuration.firmwareVariables != nil {
      guard case .file = configuration.firmware else {
        throw UsageError(message: "--firmware-vars needs --firmware FILE: our own firmware keeps no variables.")
      }
    }
    if configuration.screenshot != nil, configuration.display == nil { configuration.display = .standard }
    guard command == .boot else { return }
    if configuration.kernel == nil, configuration.firmware == nil, !configuration.disks.isEmpty {
      configuration.firmware = .builtin
    }
    try checkDeterminism()
    guard !configuration.keepsChipsInKernel || configuration.accelerator != .soft else {
      throw UsageError(message: "--kernel-irqchip with the software CPU: the interrupt chips in the kernel are KVM's. Leave one of them out.")
    }
    try checkBoot()
  }

  private mutating func checkDeterminism() throws(UsageError) {
    guard configuration.seed != nil else { return }
    guard configuration.accelerator != .kvm else {
      throw UsageError(message: "--deterministic with --accel kvm: only the software CPU counts its instructions. Leave one of them out.")
    }
    guard configuration.processors == 1 else {
      throw UsageError(message: "--deterministic with --cpus \(configuration.processors): nothing fixes how several processors meet. Ask for one.")
    }
    configuration.accelerator = .soft
  }

  private func checkBoot() throws(UsageError) {
    let wishes = configuration
    switch (wishes.kernel, wishes.firmware) {
    case (nil, nil):
      throw UsageError(message: "nothing to boot: give --kernel FILE, --disk FILE or --firmware FILE. See swboot --help.")
    case (.some, .some):
      guard wishes.deviceTree == nil else {
        throw UsageError(message: "--dtb with --firmware: a firmware hands no device tree on. Leave one of them out.")
      }
    case (nil, .some):
      let line = wishes.commandLine.isEmpty ? nil : wishes.commandLine
      for (name, value) in [("--initrd", wishes.initrd), ("--dtb", wishes.deviceTree), ("--append", line)] where value != nil {
        throw UsageError(message: "\(name) needs --kernel: a firmware loads its own files.")
      }
    default: break
    }
  }
}
