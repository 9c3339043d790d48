import CLinux
import Glibc

/// Files that the user names: what is wrong with one is said with its path.
extension Descriptor {
  /// Opens a file with bytes at offsets; a pipe has no offsets, and most devices no end.
  static func file(_ path: String, _ flags: Int32, orBlockDevice: Bool = false) throws(FileError) -> Descriptor {
    let kind: FileKind
    do throws(SystemError) {
      let file = try open(path, flags)
      kind = try file.kind()
      if kind == .regular || orBlockDevice && kind == .blockDevice { return file }
    } catch {
      throw FileError(path: path, .system(error))
    }
    throw FileError(path: path, .kind(kind))
  }

  func size(of path: String) throws(FileError) -> UInt64 {
    do throws(SystemError) { return try size() } catch { throw FileError(path: path, .system(error)) }
  }

  /// Takes a lock that other virtual machines respect: nobody else may write, or, if `exclusive`, read.
  func lock(_ path: String, exclusive: Bool) throws(FileError) {
    let answer = linux_lock_file(number, exclusive ? 1 : 0)
    guard answer != -EAGAIN else { throw FileError(path: path, .locked) }
    guard answer == 0 else { throw FileError(path: path, .system(SystemError(code: -answer))) }
  }
}
