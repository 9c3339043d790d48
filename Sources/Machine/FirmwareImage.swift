internal import CFirmware
internal import GuestRAM
internal import Host
internal import Primitives

/// What runs at the reset vector.
enum FirmwareImage {
  /// The image; its size is checked here, so that memory can rely on it.
  ///
  /// - Parameter variables: a flash chip's contents, which lie right below the code.
  static func bytes(_ firmware: Configuration.Firmware, behind variables: [UInt8]) throws -> [UInt8] {
    let code = try bytes(firmware)
    guard !variables.isEmpty else { return code }
    guard code.count % 4096 == 0, UInt64(code.count + variables.count) <= Platform.largestFirmware else {
      throw MachineError("the firmware is \(code.count) bytes long: with variables it has whole pages of 4096 bytes, and both together at most 16 MiB")
    }
    return variables + code
  }

  /// RAM, and the image where the processor begins. A file that is all of the image is read to its place.
  ///
  /// - Parameter variables: a flash chip's contents.
  static func memory(_ wishes: Configuration, behind variables: [UInt8]) throws -> GuestMemory {
    let video = wishes.display == nil ? 0 : Platform.video.count
    guard case .file(let path) = wishes.firmware, variables.isEmpty else {
      let image = try wishes.firmware.map { try bytes($0, behind: variables) } ?? []
      return try GuestMemory(size: wishes.memory, firmware: image, video: video)
    }
    let file = try checked(HostFile(path: path))
    let memory = try GuestMemory(size: wishes.memory, firmwareCount: Int(file.size), video: video)
    guard try memory.readFirmware(from: file.descriptor) else { throw FileError(path: path, .truncated) }
    return memory
  }

  /// How large `bytes` would be.
  static func size(_ firmware: Configuration.Firmware, behind variables: UInt64) throws -> UInt64 {
    switch firmware {
    case .builtin: UInt64(firmware_image_size()) + variables
    case .file(let path): try checked(HostFile(path: path)).size + variables
    }
  }

  private static func bytes(_ firmware: Configuration.Firmware) throws -> [UInt8] {
    switch firmware {
    case .builtin: (0..<firmware_image_size()).map { firmware_image_byte($0) }
    case .file(let path): try checked(HostFile(path: path)).contents(limit: Platform.largestFirmware)
    }
  }

  private static func checked(_ file: HostFile) throws -> HostFile {
    guard (Platform.smallestFirmware...Platform.largestFirmware).contains(file.size) else {
      throw MachineError("\(file.path): is \(file.size) bytes long, and a firmware image has 64 KiB to 16 MiB")
    }
    return file
  }
}
