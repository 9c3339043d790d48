import Glibc
import TestSupport

/// The disks and folders of an attacked machine: one disk that it may write, one that it may only read, one whose changes are thrown
/// away; a folder that it may change, and one that it may only read, both with links that lead out of them.
struct AttackDisks {
  static let size = 1 << 16
  private static let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 512 ^ $0) }

  private let writable = TemporaryFile(content)
  private let readOnly = TemporaryFile(content)
  private let snapshot = TemporaryFile(content)

  private let folder = TemporaryFolder()
  private let readOnlyFolder = TemporaryFolder()
  private let outside = TemporaryFolder()

  init() {
    for folder in [folder, readOnlyFolder, outside] { folder.write("as it was", to: "file") }
    for folder in [folder, readOnlyFolder] { _ = unsafe symlink(outside.path, "\(folder.path)/link") }
  }

  var shares: [String] { ["--root", readOnlyFolder.path, "--rw", folder.path] }

  var arguments: [String] { ["--disk", writable.path, "--disk", "\(readOnly.path),ro", "--disk", "\(snapshot.path),snapshot"] }

  /// What happened to them that must not; nil if nothing did.
  var damage: String? {
    let count = writable.bytes.count
    if count != Self.size { return "the disk has \(count) bytes now" }
    if readOnly.bytes != Self.content { return "the read-only disk was changed" }
    if snapshot.bytes != Self.content { return "the base of the snapshot was changed" }
    for (name, folder) in [("what may only be read", readOnlyFolder), ("what lies behind a link", outside)] {
      if folder.text(of: "file") != "as it was" { return "\(name) was changed in a shared folder" }
    }
    return nil
  }
}
