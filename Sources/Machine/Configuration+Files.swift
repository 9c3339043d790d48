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
    if case .file(let path) = console { files.append(("--console", path)) }
    if case .file(let path) = debugConsole { files.append(("--debugcon", path)) }
    if let path = trace?.file { files.append(("--trace", path)) }
    let first = files.enumerated().filter { index, file in files.firstIndex { $0.path == file.path } == index }.map(\.element)
    let results = [
      ("--screenshot", screenshot), ("--report", report), ("--profile", profile), ("--coverage", coverage), ("--timeline", timeline),
    ]
    return first + results.compactMap { option, path in path.map { (option, $0) } }
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
