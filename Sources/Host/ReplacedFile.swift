import CLinux
internal import Glibc

/// A file that is there whole or not at all: written beside its place, then moved there.
public struct ReplacedFile: Sendable {
  public let path: String

  /// Says at once if nothing can be written there.
  public init(path: String) throws(FileError) {
    self.path = path
    try place([], isTrial: true)
  }

  /// What was there before stays if this fails.
  public func write(_ bytes: [UInt8]) throws(FileError) { try place(bytes, isTrial: false) }

  private func place(_ bytes: [UInt8], isTrial: Bool) throws(FileError) {
    // A move would take the place of a socket, a device or a link, and not write to it.
    if let kind = FileKind(of: path, follow: false), kind != .regular { throw FileError(path: path, .kind(kind)) }
    // Nobody can have put anything at a name that nobody can guess.
    let beside = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 36)).part"
    do throws(SystemError) {
      let file = try Descriptor.open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
      do throws(SystemError) {
        try file.write(bytes, at: 0)
        guard unsafe (isTrial ? unlink(beside) : rename(beside, path)) == 0 else { throw SystemError(code: errno) }
      } catch {
        unsafe unlink(beside)
        throw error
      }
    } catch { throw FileError(path: path, .system(error)) }
  }
}
