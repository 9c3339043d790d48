internal import Boot
internal import Debugger
internal import GuestRAM
internal import Host
internal import KVMBackend
internal import Primitives
internal import Sharing

/// Everything of the host that a machine uses, opened: after this it asks for no other file.
struct Resources: Sendable {
  /// The kernel and whatever else is only read.
  let files: OpenedFiles
  let memory: GuestMemory
  let kvm: KVM?
  let variables: FirmwareVariables?
  let disks: [DiskFile]
  let keyScript: KeyScript?
  let console: Console
  let debugConsole: OutputStream.Voice?
  let trace: OutputStream.Voice?
  let screenshot: ReplacedFile?
  let perfMap: ReplacedFile?
  /// What the guest shares with the host.
  let sharedFiles: FileServer?
  let debugger: DebugServer?

  /// What is only read comes first: a wish that cannot be had empties no file that another is written to.
  ///
  /// - Parameter control: ends the run when a debugger wants that.
  static func open(_ configuration: Configuration, _ accelerator: Accelerator, control: RunControl) throws -> Resources {
    let variables = try configuration.firmwareVariables.map(FirmwareVariables.init)
    let memory = try FirmwareImage.memory(configuration, behind: variables?.contents ?? [])
    let keyScript = try configuration.keys.map { try KeyScript(file: $0, hasDisplay: configuration.display != nil) }
    let files = OpenedFiles()
    if let command = configuration.command { try files.add(HostFile(named: CommandRun.diskName, contents: command.initialRAMDisk)) }
    for file in configuration.firmwareFiles { _ = try files.file(file.path) }
    if let kernel = configuration.kernel {
      try configuration.loadRequest(kernel, files).openFiles(isMultiboot: MultibootKernel.isIn(files.file(kernel)))
    }
    let sharedFiles = try configuration.command.map { try FileServer($0.shares) }
    let disks = try configuration.disks.map { try DiskFile(path: $0.path, access: $0.access) }
    let kvm = try accelerator.kvm()
    var outputs = Outputs()
    return Resources(
      files: files, memory: memory, kvm: kvm, variables: variables, disks: disks, keyScript: keyScript,
      console: Console(configuration.console, try outputs.open(configuration.console)),
      debugConsole: try outputs.open(configuration.debugConsole),
      trace: try configuration.trace.flatMap { try outputs.open($0.file.map(Configuration.Stream.file) ?? .standard) },
      screenshot: try configuration.screenshot.map(ReplacedFile.init),
      perfMap: configuration.namesCodeForPerf ? try ReplacedFile(path: PerfMap.path(of: Program.number)) : nil,
      sharedFiles: sharedFiles,
      debugger: try configuration.debugger.map { try listen(at: $0, memory, control) })
  }

  private static func listen(at place: String, _ memory: GuestMemory, _ control: RunControl) throws(MachineError) -> DebugServer {
    do throws(SystemError) { return try DebugServer(place, memory: memory) { control.end(.quit) } } catch {
      throw MachineError("--gdb \(place): no debugger could connect there (\(error)).")
    }
  }
}
