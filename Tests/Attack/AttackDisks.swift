import TestSupport

/// The disks of an attacked machine: one that it may write, one that it may only read, one whose changes are thrown away.
struct AttackDisks {
  static let size = 1 << 16
  private static let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 512 ^ $0) }

  private let writable = TemporaryFile(content)
  private let readOnly = TemporaryFile(content)
  private let snapshot = TemporaryFile(content)

  var arguments: [String] { ["--disk", writable.path, "--disk", "\(readOnly.path),ro", "--disk", "\(snapshot.path),snapshot"] }

  /// What happened to them that must not; nil if nothing did.
  var damage: String? {
    let count = writable.bytes.count
    if count != Self.size { return "the disk has \(count) bytes now" }
    if readOnly.bytes != Self.content { return "the read-only disk was changed" }
    if snapshot.bytes != Self.content { return "the base of the snapshot was changed" }
    return nil
  }
}
