internal import Host

/// A file, or a part of one.
struct FilePart: Sendable {
  let count: Int
  private let file: HostFile
  private let start: UInt64

  /// - Parameter start: within the file.
  /// - Parameter size: up to the end of the file if not given.
  init(_ file: HostFile, from start: UInt64 = 0, size: UInt64? = nil) {
    self.file = file
    self.start = start
    count = Int(clamping: size ?? file.size - start)
  }

  /// Fewer bytes where the file has become shorter, or cannot be read.
  func bytes(_ range: Range<Int>) -> [UInt8] {
    (try? file.bytes(at: start + UInt64(range.lowerBound), count: range.count)) ?? []
  }
}
