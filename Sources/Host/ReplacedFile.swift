internal import Glibc

/// A file that is there whole or not at all: written beside its place, then moved there.
public struct ReplacedFile: Sendable {
  public let path: String
  private var beside: String { "\(path).\(getpid()).part" }

  /// Says at once if nothing can be written there.
  public init(path: String) throws(FileError) {
    self.path = path
    // A move onto a device would take the device's place.
    if let kind = try? Descriptor.open(path, O_RDONLY).kind(), kind != .regular { throw FileError(path: path, .kind(kind)) }
    _ = try open()
    unsafe unlink(beside)
  }

  private func open() throws(FileError) -> OutputFile {
    do throws(FileError) { return try OutputFile(path: beside) } catch { throw FileError(path: path, error.reason) }
  }

  /// What was there before stays if this fails.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    let file = try open()
    guard file.write(bytes), unsafe rename(beside, path) == 0 else {
      let code = errno
      unsafe unlink(beside)
      throw FileError(path: path, .system(SystemError(code: code)))
    }
  }
}
