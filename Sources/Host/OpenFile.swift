internal import CLinux
internal import Glibc
internal import Primitives

/// A regular file or a folder of the host that was opened.
public final class OpenFile: Sendable {
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  public func status() throws(SystemError) -> FileStatus {
    var status = linux_file_status()
    try SystemError.check(unsafe linux_status(descriptor.number, &status))
    return FileStatus(status)
  }

  /// Up to `count` bytes; fewer only at the end.
  public func read(_ count: Int, at offset: UInt64) throws(SystemError) -> [UInt8] { try descriptor.read(count, at: offset) }
  public func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) { try descriptor.write(bytes, at: offset) }
  public func truncate(to size: UInt64) throws(SystemError) { try descriptor.setSize(size) }

  public func flush(dataOnly: Bool) throws(SystemError) {
    try SystemError.check(linux_synchronize(descriptor.number, dataOnly ? 1 : 0))
  }

  /// - Parameter mode: as fallocate(2) has it.
  public func allocate(_ mode: UInt32, at offset: UInt64, count: UInt64) throws(SystemError) {
    guard let offset = Int64(exactly: offset), let count = Int64(exactly: count) else { throw SystemError(code: EFBIG) }
    try SystemError.check(linux_fallocate(descriptor.number, Int32(bitPattern: mode), offset, count))
  }

  /// Where the next data or the next hole begins.
  public func seek(_ offset: UInt64, toHole: Bool) throws(SystemError) -> UInt64 {
    guard let offset = Int64(exactly: offset) else { throw SystemError(code: ENXIO) }
    return UInt64(try SystemError.check(linux_seek(descriptor.number, offset, toHole ? 1 : 0)))
  }

  /// An entry of a folder.
  public struct Entry: Equatable, Sendable {
    public let number: UInt64
    /// From where the entries behind this one can be read.
    public let next: Int64
    /// As readdir(3) has it.
    public let kind: UInt8
    public let name: [UInt8]
  }

  /// Entries of a folder from a place on, as many as fit into `limit` bytes of the host's; none at the end.
  public func entries(from place: Int64, limit: Int) throws(SystemError) -> [Entry] {
    var failure = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      let n = unsafe linux_read_folder(descriptor.number, place, buffer.baseAddress, UInt(limit))
      count = max(n, 0)
      failure = min(n, 0)
    }
    try SystemError.check(failure)
    var entries: [Entry] = []
    var start = 0
    // Number, place of the next, length, kind, name and a NUL.
    while let number: UInt64 = bytes.load(at: start), let next: UInt64 = bytes.load(at: start + 8), let length: UInt16 = bytes.load(at: start + 16),
      length > 19, start + Int(length) <= bytes.count
    {
      let name = bytes[(start + 19)..<(start + Int(length))].prefix { $0 != 0 }
      entries.append(Entry(number: number, next: Int64(bitPattern: next), kind: bytes[start + 18], name: Array(name)))
      start += Int(length)
    }
    return entries
  }
}
