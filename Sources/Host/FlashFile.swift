import CLinux
import Glibc

/// A file with the contents of a flash chip, which the guest changes in place.
///
/// What the guest wrote is with the host at once, in the guest's order, so that it survives however this program
/// ends: firmware orders its writes such that each state in between is a good one.
public final class FlashFile: Sendable {
  public let path: String
  public let size: UInt64
  private let file: Descriptor

  /// Takes a lock, so that no chip has two writers.
  public init(path: String) throws(FileError) {
    self.path = path
    file = try Descriptor.file(path, O_RDWR)
    size = try file.size(of: path)
    try ImageLock.writer.acquire(file, of: path)
  }

  /// All of it; `limit` is checked first.
  public func contents(limit: UInt64) throws(FileError) -> [UInt8] {
    guard size <= limit else { throw FileError(path: path, .tooLarge(limit: limit)) }
    do throws(SystemError) {
      let bytes = try file.read(Int(size), at: 0)
      guard UInt64(bytes.count) == size else { throw SystemError(code: EIO) }
      return bytes
    } catch { throw FileError(path: path, .system(error)) }
  }

  /// Never makes the file longer.
  public func write(_ bytes: ArraySlice<UInt8>, at offset: UInt64) throws(SystemError) {
    guard offset <= size, UInt64(bytes.count) <= size - offset else { throw SystemError(code: EFBIG) }
    try file.write(Array(bytes), at: offset)
  }

  /// Returns once everything written is on stable storage.
  public func synchronize() throws(SystemError) {
    try SystemError.check(linux_synchronize(file.number, 1))
  }
}
