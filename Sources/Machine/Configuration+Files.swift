internal import Host

/// Every file of the host that the user named, by the option that named it.
extension Configuration {
  private typealias NamedFile = (option: String, path: String)

  private var inputs: [NamedFile] {
    var files: [NamedFile] = disks.map { ("--disk", $0.path) } + firmwareFiles.map { ("--fw-cfg", $0.path) }
    // Behind a module's path is its string.
    files += modules.map { ("--module", String($0.prefix { $0 != " " })) }
    if case .file(let path) = firmware { files.append(("--firmware", path)) }
    for (option, path) in [
      ("--kernel", kernel), ("--initrd", initrd), ("--dtb", deviceTree), ("--firmware-vars", firmwareVariables), ("--keys", keys),
      ("--vmlinux", debugInformation),
    ] {
      if let path { files.append((option, path)) }
    }
    return files
  }

  /// What is written from the start on. Several streams may go to one file.
  private var outputs: [NamedFile] {
    var files: [NamedFile] = []
    func add(_ option: String, _ path: String?, mayShare: Bool = false) {
      guard let path, !mayShare || !files.contains(where: { $0.path == path }) else { return }
      files.append((option, path))
    }
    if case .file(let path) = console { add("--console", path) }
    if case .file(let path) = debugConsole { add("--debugcon", path, mayShare: true) }
    add("--trace", trace?.file, mayShare: true)
    add("--screenshot", screenshot)
    add("--report", report)
    add("--profile", profile)
    add("--coverage", coverage)
    add("--timeline", timeline)
    return files
  }

  /// Refuses to write over a file that has another use.
  func checkOutputs() throws(MachineError) {
    let outputs = outputs
    guard !outputs.isEmpty else { return }
    var uses: [FileIdentity: NamedFile] = [:]
    for file in inputs {
      if let identity = FileIdentity(of: file.path) { uses[identity] = file }
    }
    for file in outputs {
      // One that is not there yet has only its path.
      let identity = FileIdentity(of: file.path)
      if let other = identity.map({ uses[$0] }) ?? outputs.first(where: { $0.path == file.path && $0.option != file.option }) {
        throw MachineError("\(file.option) \(file.path): that is the file of \(other.option), and its contents would be lost. Choose another.")
      }
      if let identity { uses[identity] = file }
    }
  }
}
