import Glibc

/// A regular file of the host, opened for reading.
public final class HostFile: Sendable {
  public let path: String
  public let size: UInt64
  private let file: Descriptor

  /// For transfers straight into guest RAM.
  public var descriptor: Int32 { file.number }

  /// Refuses whatever is not a regular file.
  public init(path: String) throws(FileError) {
    self.path = path
    file = try Descriptor.file(path, O_RDONLY)
    size = try file.size(of: path)
  }

  /// A file in memory with contents that came out of `path`.
  init(path: String, memory: consuming Descriptor, size: UInt64) {
    self.path = path
    self.size = size
    file = memory
  }

  /// A file in memory that has this name in messages.
  public convenience init(named name: String, contents: [UInt8]) throws(FileError) {
    do throws(SystemError) {
      let file = try Descriptor.memory(name)
      try file.write(contents, at: 0)
      self.init(path: name, memory: file, size: UInt64(contents.count))
    } catch { throw FileError(path: name, .system(error)) }
  }

  /// Up to `count` bytes; fewer only where the file ends.
  public func bytes(at offset: UInt64, count: Int) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    try append(count, at: offset, to: &bytes)
    return bytes
  }

  /// The same behind what is there.
  func append(_ count: Int, at offset: UInt64, to bytes: inout [UInt8]) throws(FileError) {
    guard offset < size, count > 0 else { return }
    let available = Int(truncatingIfNeeded: min(size - offset, UInt64(count)))
    do throws(SystemError) { try file.append(available, at: offset, to: &bytes) } catch {
      throw FileError(path: path, .system(error))
    }
  }

  /// All of it, for files that must be small.
  public func contents(limit: UInt64) throws(FileError) -> [UInt8] {
    guard size <= limit else { throw FileError(path: path, .tooLarge(limit: limit)) }
    let bytes = try bytes(at: 0, count: Int(size))
    guard UInt64(bytes.count) == size else { throw FileError(path: path, .truncated) }
    return bytes
  }
}
