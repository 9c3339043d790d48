internal import Machine

/// A mistake on the command line: what, and what to do instead.
struct UsageError: Error {
  let message: String
}

/// What the command line means.
struct Options {
  enum Command {
    case boot
    case help
    case doctor
    case machine
  }

  var command = Command.boot
  var configuration = Configuration()

  /// QEMU's spellings of the same wishes, so that a script can switch by changing one word.
  static let familiar = [
    "-kernel": "--kernel", "-initrd": "--initrd", "-append": "--append", "-m": "--memory", "-smp": "--cpus",
    "-dtb": "--dtb", "-bios": "--firmware", "-accel": "--accel", "-no-reboot": "--no-reboot", "-h": "--help",
    "-help": "--help",
  ]

  init(_ arguments: [String]) throws(UsageError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      var name = Self.familiar[argument] ?? argument
      var value: String?
      if name.hasPrefix("--"), let equals = name.firstIndex(of: "=") {
        value = String(name[name.index(after: equals)...])
        name = String(name[..<equals])
      }
      switch name {
      case "--help": command = .help
      case "doctor": command = .doctor
      case "machine": command = .machine
      case "-nographic": break
      case "-enable-kvm": configuration.accelerator = .kvm
      case "--no-reboot": configuration.stopsOnReset = true
      default:
        guard Self.takesValue.contains(name) else {
          throw UsageError(message: "\(argument) is not an option of swboot. See swboot --help.")
        }
        if value == nil { value = rest.popFirst() }
        guard let value else { throw UsageError(message: "\(argument) needs a value. See swboot --help.") }
        try set(name, value)
      }
    }
    if command == .boot {
      if configuration.kernel == nil, configuration.firmware == nil, !configuration.disks.isEmpty {
        configuration.firmware = .builtin
      }
      try check()
    }
  }

  /// Options that only make sense together.
  private func check() throws(UsageError) {
    let wishes = configuration
    switch (wishes.kernel, wishes.firmware) {
    case (nil, nil):
      throw UsageError(message: "nothing to boot: give --kernel FILE, --disk FILE or --firmware FILE. See swboot --help.")
    case (.some, .some):
      guard wishes.deviceTree == nil else {
        throw UsageError(message: "--dtb with --firmware: a firmware hands no device tree on. Leave one of them out.")
      }
    case (nil, .some):
      for (name, value) in [("--initrd", wishes.initrd), ("--dtb", wishes.deviceTree)] where value != nil {
        throw UsageError(message: "\(name) needs --kernel.")
      }
    default: break
    }
    guard wishes.disks.count <= Self.mostDisks else {
      throw UsageError(message: "\(wishes.disks.count) disks: the machine has room for \(Self.mostDisks).")
    }
  }

  /// Slots of the PCI bus that are left for disks.
  static let mostDisks = 24

  static let takesValue: Set = [
    "--kernel", "--initrd", "--append", "--dtb", "--disk", "--firmware", "--memory", "--cpus", "--accel", "--console",
    "--debugcon", "--timeout", "--trace", "--triple-fault",
  ]

  private mutating func set(_ name: String, _ value: String) throws(UsageError) {
    switch name {
    case "--kernel": configuration.kernel = value
    case "--initrd": configuration.initrd = value
    case "--append": configuration.commandLine = value
    case "--dtb": configuration.deviceTree = value
    case "--firmware": configuration.firmware = value == "builtin" ? .builtin : .file(value)
    case "--disk": configuration.disks.append(try Self.disk(value))
    case "--memory": configuration.memory = try Self.size(value)
    case "--cpus": configuration.processors = try Self.count(value)
    case "--accel": configuration.accelerator = try Self.choice(name, value == "tcg" ? "soft" : value)
    case "--triple-fault": configuration.tripleFault = try Self.choice(name, value)
    case "--console": configuration.console = Self.stream(value)
    case "--debugcon": configuration.debugConsole = Self.stream(value)
    case "--timeout": configuration.timeout = try Self.seconds(value)
    case "--trace": configuration.trace = try Self.trace(value)
    default: throw UsageError(message: "\(name) is not an option of swboot. See swboot --help.")
    }
  }

  // MARK: Values

  private static func choice<T: RawRepresentable & CaseIterable>(_ name: String, _ value: String) throws(UsageError) -> T
  where T.RawValue == String {
    if let choice = T(rawValue: value) { return choice }
    let known = T.allCases.map(\.rawValue).joined(separator: ", ")
    throw UsageError(message: "\(name) \(value): choose one of \(known).")
  }

  /// `512M`, `2G`, `1048576K`; a bare number is MiB, as elsewhere.
  static func size(_ text: String) throws(UsageError) -> UInt64 {
    let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.last.flatMap { units[Character($0.uppercased())] }
    let digits = unit == nil ? text[...] : text.dropLast()
    guard let number = UInt64(digits) else {
      throw UsageError(message: "--memory \(text): write a size such as 512M or 2G.")
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1 << 20)
    guard !overflow, bytes >= 1 << 20, bytes <= 1 << 40, bytes % 4096 == 0 else {
      throw UsageError(message: "--memory \(text): a guest has 1M to 1024G, in whole pages of 4K.")
    }
    return bytes
  }

  private static func count(_ text: String) throws(UsageError) -> Int {
    // QEMU writes `-smp 4` or `-smp cpus=4`.
    let digits = text.hasPrefix("cpus=") ? text.dropFirst(5) : text[...]
    guard let count = Int(digits), (1...64).contains(count) else {
      throw UsageError(message: "--cpus \(text): a guest has 1 to 64 processors.")
    }
    return count
  }

  /// `40s`, `2m`, `500ms`, or a bare number of seconds.
  static func seconds(_ text: String) throws(UsageError) -> Double {
    for (suffix, factor) in [("ms", 0.001), ("s", 1), ("m", 60), ("", 1)] where text.hasSuffix(suffix) {
      if let number = Double(text.dropLast(suffix.count)), number > 0, number.isFinite, number < 1e7 {
        return number * factor
      }
    }
    throw UsageError(message: "--timeout \(text): write a time such as 40s, 500ms or 2m.")
  }

  private static func disk(_ text: String) throws(UsageError) -> Configuration.Disk {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    var disk = Configuration.Disk(path: String(parts[0]))
    guard !disk.path.isEmpty else { throw UsageError(message: "--disk needs the path of an image.") }
    for part in parts.dropFirst() {
      switch part {
      case "ro": disk.isReadOnly = true
      case "snapshot": disk.isSnapshot = true
      case let id where id.hasPrefix("id="): disk.id = String(id.dropFirst(3))
      default: throw UsageError(message: "--disk \(text): \(part) is not known; choose ro, snapshot or id=NAME.")
      }
    }
    return disk
  }

  private static func stream(_ text: String) -> Configuration.Stream {
    switch text {
    case "stdio", "-": .standard
    case "none": .none
    default: .file(text.hasPrefix("file:") ? String(text.dropFirst(5)) : text)
    }
  }

  private static func trace(_ text: String) throws(UsageError) -> Configuration.Trace {
    let parts = text.split(separator: ",").map(String.init)
    let files = parts.filter { $0.hasPrefix("file=") }.map { String($0.dropFirst(5)) }
    guard files.count <= 1, files != [""] else {
      throw UsageError(message: "--trace \(text): a trace goes to one file, file=FILE.")
    }
    return Configuration.Trace(events: parts.filter { !$0.hasPrefix("file=") }, file: files.first)
  }
}
