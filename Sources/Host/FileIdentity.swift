import CLinux

/// What tells a file from all others, by whatever path it is reached.
public struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  /// Nil if there is nothing at the path that keeps bytes.
  public init?(of path: String) {
    guard let kind = FileKind(of: path), kind == .regular || kind == .blockDevice else { return nil }
    var (device, number): (UInt64, UInt64) = (0, 0)
    guard unsafe linux_path_identity(path, &device, &number) == 0 else { return nil }
    (self.device, self.number) = (device, number)
  }
}
