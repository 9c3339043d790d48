internal import CFirmware
internal import Host
public import Machine
internal import Sharing

/// From what the user asks for to a machine that does it.
extension RunRequest {
  /// What the guest needs, and the option of the kernel's configuration that gives it.
  private static let wanted = [
    ("virtio_pci", "CONFIG_VIRTIO_PCI"), ("virtio_console", "CONFIG_VIRTIO_CONSOLE"), ("virtiofs", "CONFIG_VIRTIO_FS"),
    ("overlay", "CONFIG_OVERLAY_FS"),
  ]
  /// What the command finds of the caller's environment without being asked.
  private static let variables = ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TZ", "USER"]

  /// The machine that the user described, with a kernel and a RAM disk that run the command.
  public func machine(_ wishes: Configuration) throws(MachineError) -> Configuration {
    var machine = wishes
    try checkFolders()
    let kernel = try KernelFile(kernel)
    let tree = try ModuleTree(of: kernel, modules)
    let folders = folders + modulesFolder(kernel, tree)
    let hasTerminal = Terminal.isOnBothSides
    machine.kernel = kernel.path
    machine.console = isVerbose ? .errors : .none
    machine.commandLine = (["console=ttyS0", isVerbose ? nil : "loglevel=5", "panic=-1", "sysrq_always_enabled"] + [wishes.commandLine]).compactMap(\.self).joined(separator: " ")
    machine.command = CommandRun(
      shares: [Share(path: root ?? "/", isReadOnly: true)] + folders.map(\.share),
      initialRAMDisk: Self.disk(try tree.closure(of: Self.wanted), plan(folders, hasTerminal: hasTerminal)), hasTerminal: hasTerminal,
      lack: tree.folder == nil ? Self.lack(of: kernel) : nil)
    return machine
  }

  private func checkFolders() throws(MachineError) {
    let named = folders.map { ($0.place == nil ? "--rw" : "--share", $0.share.path) } + (root.map { [("--root", $0)] } ?? [])
    for (option, path) in named where !HostFolder.isThere(path) { throw MachineError("\(option) \(path): there is no such folder.") }
  }

  private static func lack(of kernel: KernelFile) -> String {
    let options = wanted.map(\.1).joined(separator: ", ")
    return
      "the kernel could not run the command: it needs \(options), built in or as modules. No modules of \(kernel.release ?? "this kernel") were found: name their folder by --modules if there are any."
  }

  /// The kernel's modules, where `modprobe` looks for them.
  private func modulesFolder(_ kernel: KernelFile, _ tree: ModuleTree) -> [Folder] {
    guard let release = kernel.release, let folder = tree.folder else { return [] }
    return [Folder(Share(path: folder, isReadOnly: true, adding: ModuleIndex.files(of: tree)), at: "/lib/modules/\(release)")]
  }

  private static func disk(_ modules: [Module], _ plan: PlanText) -> [UInt8] {
    var plan = plan
    var archive = Archive()
    for folder in ["dev", "modules"] { archive.addFolder(folder) }
    // Where the kernel and its first process can complain.
    archive.addTerminal("dev/console", 5, 1)
    archive.addProgram("init", (0..<init_image_size()).map(init_image_byte))
    for module in modules {
      archive.addFile("modules/\(module.name).ko", module.content)
      plan.add("module", "/modules/\(module.name).ko")
    }
    archive.addFile("plan", plan.bytes)
    archive.finish()
    return archive.bytes
  }

  private func plan(_ folders: [Folder], hasTerminal: Bool) -> PlanText {
    var plan = PlanText()
    for (index, folder) in folders.enumerated() { plan.add("share", "\(index + 1) \(folder.place ?? guestPath(Self.absolute(folder.share.path)) ?? folder.share.path)") }
    plan.add("user", "\(Caller.user)")
    plan.add("main-group", "\(Caller.group)")
    for group in Caller.groups { plan.add("group", "\(group)") }
    let place = workingFolder
    plan.add("folder", place)
    for variable in environment + ["PWD=\(place)"] { plan.add("variable", variable) }
    for argument in command.isEmpty ? [Caller.variable("SHELL") ?? "/bin/sh"] : command { plan.add("argument", argument) }
    if hasTerminal { plan.add("terminal", "") }
    return plan
  }

  /// The caller's, as the guest sees it.
  private var workingFolder: String { Caller.folder.flatMap(guestPath) ?? "/" }

  /// Where the guest sees a path of the host; nil where it does not.
  private func guestPath(_ path: String) -> String? {
    guard let root = root.map(Self.absolute), root != "/" else { return path }
    return path == root ? "/" : path.hasPrefix(root + "/") ? String(path.dropFirst(root.count)) : nil
  }

  /// A path from the root, without what leads nowhere.
  private static func absolute(_ path: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : (Caller.folder ?? "") + "/" + path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private var environment: [String] {
    let own = Self.variables.compactMap { name in Caller.variable(name).map { "\(name)=\($0)" } } + Caller.variables(beginning: "LC_")
    let added = variables.compactMap { variable in variable.contains("=") ? variable : Caller.variable(variable).map { "\(variable)=\($0)" } }
    let names = Set(added.map { $0.prefix { $0 != "=" } })
    return own.filter { !names.contains($0.prefix { $0 != "=" }) } + added
  }
}
