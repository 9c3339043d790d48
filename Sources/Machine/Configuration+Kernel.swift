internal import Boot
internal import Host

extension Configuration {
  /// What a loader is asked for, but for what the machine adds.
  func loadRequest(_ kernel: String, _ files: OpenedFiles) -> LoadRequest {
    LoadRequest(kernel: kernel, initrd: command == nil ? initrd : CommandRun.diskName, modules: modules, commandLine: commandLine, deviceTree: deviceTree, files: files)
  }

  /// Our firmware starts a Multiboot kernel, which expects a PC whose BIOS has run; all others need none.
  func withFirmwareForKernel() throws(MachineError) -> Configuration {
    guard let kernel else { return self }
    let isMultiboot: Bool
    do { isMultiboot = try MultibootKernel.isIn(try HostFile(path: kernel)) } catch { throw MachineError(error) }
    guard isMultiboot else {
      guard modules.isEmpty else {
        throw MachineError("--module: \(kernel) is no Multiboot kernel, and only these take modules. Give an initial RAM disk by --initrd.")
      }
      return self
    }
    if case .file(let path) = firmware {
      throw MachineError("\(kernel) is a Multiboot kernel, which our own firmware starts: leave out --firmware \(path).")
    }
    guard deviceTree == nil else {
      throw MachineError("--dtb: \(kernel) is a Multiboot kernel, which takes no device tree. Leave one of them out.")
    }
    var chosen = self
    chosen.firmware = .builtin
    return chosen
  }
}
