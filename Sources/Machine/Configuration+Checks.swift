/// What only makes sense together, and what follows from it: the same for the command line and for other programs.
extension Configuration {
  /// Slots of the PCI bus that are left for disks.
  public static let mostDisks = 24
  public static let memorySizes: ClosedRange<UInt64> = 1 << 20...1 << 40
  public static let processorCounts = 1...64

  /// A machine that can be described: each value is one that the machine can have, and disks do not contradict each other.
  public func checked() throws(MachineError) -> Configuration {
    var checked = self
    guard Self.memorySizes.contains(memory), memory % 4096 == 0 else {
      throw MachineError("--memory \(memory / 1024)K: a guest has 1M to 1T, in whole pages of 4K.")
    }
    guard Self.processorCounts.contains(processors) else {
      throw MachineError("--cpus \(processors): write a number from 1 to 64.")
    }
    try checkDisks()
    if firmwareVariables != nil {
      guard case .file = firmware else {
        throw MachineError("--firmware-vars needs --firmware FILE: our own firmware keeps no variables.")
      }
    }
    if screenshot != nil, display == nil { checked.display = .standard }
    return checked
  }

  /// The same, and there is something to boot.
  public func checkedToBoot() throws(MachineError) -> Configuration {
    var checked = try checked()
    if kernel == nil, firmware == nil, !disks.isEmpty { checked.firmware = .builtin }
    if accelerator == .softLockstep { try checkLockstep() }
    if seed != nil { try checkDeterminism() }
    if let hang, hang > 0 {
      for (name, isGiven) in [("--gdb", debugger != nil), ("--deterministic", seed != nil)] where isGiven {
        throw MachineError("--hang with \(name): the guest's time is not the host's there. Leave one of them out.")
      }
    }
    if coverage != nil { try checkCoverage() }
    if namesCodeForPerf { try checkPerfMap() }
    checked.accelerator = usableAccelerator
    guard interruptChips == nil || !checked.accelerator.isSoft else {
      throw MachineError("--kernel-irqchip with the software CPU: the interrupt chips in the kernel are KVM's. Leave one of them out.")
    }
    try checked.checkBoot()
    return checked
  }

  /// The software CPU where only that can do what is asked for; who insists on KVM besides is refused.
  var usableAccelerator: Accelerator {
    let needsSoft = seed != nil || coverage != nil || namesCodeForPerf
    return needsSoft && !accelerator.isSoft ? .soft : accelerator
  }

  private func checkDisks() throws(MachineError) {
    guard disks.count <= Self.mostDisks else {
      throw MachineError("\(disks.count) disks: the machine has room for \(Self.mostDisks).")
    }
    for disk in disks where !disk.isReadOnly && !disk.isSnapshot && disks.count(where: { $0.path == disk.path }) > 1 {
      throw MachineError("--disk \(disk.path) is given twice: only disks with ro or snapshot can share an image.")
    }
  }

  /// What translated code and the interpreter do is compared where nobody else changes memory, and no time is counted.
  private func checkLockstep() throws(MachineError) {
    guard processors == 1 else {
      throw MachineError("--accel soft,lockstep with --cpus \(processors): one processor is compared with itself. Ask for one.")
    }
    guard seed == nil else { throw MachineError("--accel soft,lockstep with --deterministic: it counts no instructions. Leave one of them out.") }
  }

  private func checkDeterminism() throws(MachineError) {
    guard accelerator != .kvm else {
      throw MachineError("--deterministic with --accel kvm: only the software CPU counts its instructions. Leave one of them out.")
    }
    guard processors == 1 else {
      throw MachineError("--deterministic with --cpus \(processors): nothing fixes how several processors meet. Ask for one.")
    }
  }

  private func checkPerfMap() throws(MachineError) {
    guard accelerator != .kvm, accelerator != .softInterpreter else {
      throw MachineError(
        "--perf-map with --accel \(accelerator.rawValue): only --accel soft translates code that could be named. Leave one of them out.")
    }
  }

  /// Whether the coverage is that of lines, for `lcov`.
  public var coversLines: Bool { coverage?.hasSuffix(".info") == true }

  private func checkCoverage() throws(MachineError) {
    guard accelerator != .kvm else {
      throw MachineError("--coverage with --accel kvm: only the software CPU sees what the kernel executes. Leave one of them out.")
    }
    guard !coversLines || debugInformation != nil else {
      throw MachineError("--coverage \(coverage ?? ""): a file that ends in .info has the lines of the source, so --vmlinux FILE must tell them. Or choose another ending, for functions.")
    }
  }

  private func checkBoot() throws(MachineError) {
    switch (kernel, firmware) {
    case (nil, nil):
      throw MachineError("nothing to boot: give --kernel FILE, --disk FILE or --firmware FILE. See swboot --help.")
    case (.some, .some):
      guard deviceTree == nil else {
        throw MachineError("--dtb with --firmware: a firmware hands no device tree on. Leave one of them out.")
      }
    case (nil, .some):
      let option =
        initrd != nil ? "--initrd" : !modules.isEmpty ? "--module" : deviceTree != nil ? "--dtb" : commandLine.isEmpty ? nil : "--append"
      if let option { throw MachineError("\(option) needs --kernel: a firmware loads its own files.") }
    case (.some, nil): break
    }
  }
}
