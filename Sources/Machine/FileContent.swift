internal import Devices
internal import Host

/// A file, or the end of one, that firmware reads through fw_cfg.
final class FileContent: FirmwareSource {
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

  func bytes(_ range: Range<Int>) -> [UInt8] {
    (try? file.bytes(at: start + UInt64(range.lowerBound), count: range.count)) ?? []
  }
}
