internal import Boot
internal import Host
internal import Machine

/// The kernel that the command is to run on.
struct KernelFile {
  let path: String
  /// As `uname -r` has it; nil where the file does not say so.
  let release: String?

  static let choices = "Name one by --kernel: a bzImage, a vmlinux, a kernel's build tree, or the folder of an unpacked kernel package."

  /// - Parameter wish: a file, or a folder with a kernel; nil for the host's own.
  init(_ wish: String?) throws(MachineError) {
    let release = Caller.kernelRelease
    if let wish {
      path = HostFolder.isThere(wish) ? try Self.find(in: wish) : wish
    } else {
      path = "/boot/vmlinuz-\(release)"
    }
    let facts: KernelFacts
    do throws(FileError) { facts = try KernelFacts(of: HostFile(path: path)) } catch {
      throw MachineError(wish == nil ? "the host's own kernel: \(error). \(Self.choices)" : "--kernel \(error).")
    }
    guard !facts.isNarrow else {
      throw MachineError("--kernel \(path): this is a kernel of 32 bits, and swboot run brings a first process of 64. Name one of 64 bits.")
    }
    self.release = facts.release
  }

  private static func find(in folder: String) throws(MachineError) -> String {
    func newest(_ place: String, _ prefix: String, behind: String = "") -> String? {
      HostFolder.names("\(folder)\(place)")?.last { $0.hasPrefix(prefix) }.map { "\(folder)\(place)/\($0)\(behind)" }
    }
    let candidates = [
      "\(folder)/arch/x86/boot/bzImage", newest("/boot", "vmlinuz"), newest("/lib/modules", "", behind: "/vmlinuz"),
      newest("/usr/lib/modules", "", behind: "/vmlinuz"), newest("", "vmlinuz"), "\(folder)/bzImage", "\(folder)/vmlinux",
    ]
    if let path = candidates.compactMap(\.self).first(where: { (try? HostFile(path: $0)) != nil }) { return path }
    throw MachineError("--kernel \(folder): there is no kernel in this folder, neither arch/x86/boot/bzImage nor boot/vmlinuz-* nor vmlinux.")
  }
}
