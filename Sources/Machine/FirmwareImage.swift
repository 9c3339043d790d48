internal import CFirmware
internal import Host
internal import Primitives

/// What runs at the reset vector.
enum FirmwareImage {
  /// The image; its size is checked here, so that memory can rely on it.
  static func bytes(_ firmware: Configuration.Firmware) throws -> [UInt8] {
    switch firmware {
    case .builtin: (0..<firmware_image_size()).map { firmware_image_byte($0) }
    case .file(let path): try HostFile(path: path).contents(limit: Platform.largestFirmware)
    }
  }
}
