internal import Host
internal import Machine
internal import Primitives

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
    do throws(FileError) { self.release = try Self.release(of: HostFile(path: path)) } catch {
      throw MachineError(wish == nil ? "the host's own kernel: \(error). \(Self.choices)" : "--kernel \(error).")
    }
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

  /// A bzImage has its version in its header; the first word is that of `uname -r`.
  private static func release(of file: HostFile) throws(FileError) -> String? {
    let header = try file.bytes(at: 0, count: 0x300)
    guard header.count == 0x300, Array(header[0x202..<0x206]) == Array("HdrS".utf8), let place = header.load(UInt16.self, at: 0x20E), place > 0
    else { return nil }
    let text = try file.bytes(at: UInt64(place) + 0x200, count: 256).prefix { $0 > 0x20 && $0 < 0x7F }
    return text.isEmpty || text.contains(0x2F) ? nil : String(decoding: text, as: UTF8.self)
  }
}
