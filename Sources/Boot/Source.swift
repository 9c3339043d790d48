import Host
internal import Primitives

/// A kernel image: a file, or a part of one.
struct Source {
  let file: HostFile
  let start: UInt64
  let size: UInt64
  var name: String { file.path }

  init(_ file: HostFile) {
    self.file = file
    start = 0
    size = file.size
  }

  /// A part that the caller knows to lie inside the file.
  init(_ file: HostFile, start: UInt64, size: UInt64) {
    self.file = file
    self.start = start
    self.size = size
  }

  /// Up to `count` bytes; fewer only at the end.
  func bytes(at offset: UInt64, count: Int) throws(LoadError) -> [UInt8] {
    guard offset < size else { return [] }
    let available = Int(truncatingIfNeeded: min(size - offset, UInt64(count)))
    do throws(FileError) { return try file.bytes(at: start + offset, count: available) } catch { throw .file(error) }
  }

  /// Refuses a part that does not end in the RAM below 4 GiB.
  func check(_ address: UInt64, count: UInt64, field: String, lowSize: UInt64) throws(LoadError) {
    guard address <= lowSize, count <= lowSize - address else {
      throw error(field, "asks for \(count) bytes of RAM from 0x\(address.hex()) on, but RAM ends at 0x\(lowSize.hex())")
    }
  }

  /// What a compressed part holds, as a nameless file of at most `limit` bytes.
  func unpacked(as format: Compression, limit: UInt64) throws(LoadError) -> Source {
    do throws(FileError) { return Source(try file.unpacked(at: start, count: size, as: format, limit: limit)) } catch { throw .file(error) }
  }

  func error(_ field: String, _ problem: String) -> LoadError { .field(file: name, name: field, problem: problem) }
}
