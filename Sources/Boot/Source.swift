import Host

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

  func error(_ field: String, _ problem: String) -> LoadError { .field(file: name, name: field, problem: problem) }
}

extension UInt64 {
  var hex: String { "0x" + String(self, radix: 16) }
}
