import CLinux
import Glibc

/// Files that the user names: what is wrong with one is said with its path.
extension Descriptor {
  /// Opens a file with bytes at offsets; a pipe has no offsets, and most devices no end.
  static func file(_ path: String, _ flags: Int32, orBlockDevice: Bool = false) throws(FileError) -> Descriptor {
    func isWanted(_ kind: FileKind) -> Bool { kind == .regular || orBlockDevice && kind == .blockDevice }
    // The mere opening of a device may do something.
    if let kind = FileKind(of: path), !isWanted(kind) { throw FileError(path: path, .kind(kind)) }
    let kind: FileKind
    do throws(SystemError) {
      let file = try open(path, flags)
      kind = try file.kind()
      if isWanted(kind) { return file }
    } catch {
      throw FileError(path: path, .system(error))
    }
    throw FileError(path: path, .kind(kind))
  }

  func size(of path: String) throws(FileError) -> UInt64 {
    do throws(SystemError) { return try size() } catch { throw FileError(path: path, .system(error)) }
  }
}
