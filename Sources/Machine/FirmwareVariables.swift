internal import Devices
internal import GuestRAM
internal import Host
internal import Primitives
internal import Synchronization

/// The flash chip's bytes in the guest's memory and in the user's file.
final class FirmwareVariables: Sendable {
  let contents: [UInt8]
  private let file: FlashFile
  private let memory = Mutex<GuestMemory?>(nil)

  init(path: String) throws {
    file = try FlashFile(path: path)
    try Self.check(file.size, of: path)
    contents = try file.contents(limit: Platform.largestFirmware)
  }

  /// How many there are, without opening the file for changes.
  static func size(of path: String) throws -> UInt64 {
    let size = try HostFile(path: path).size
    try check(size, of: path)
    return size
  }

  private static func check(_ size: UInt64, of path: String) throws {
    let block = UInt64(FlashMemory.blockSize)
    guard size > 0, size % block == 0, size < Platform.largestFirmware else {
      throw MachineError("\(path): is \(size) bytes long, and firmware variables have whole blocks of 4096 bytes, below 16 MiB")
    }
  }

  /// From now on this memory shows the chip, in front of the firmware's code.
  func show(in memory: GuestMemory) { self.memory.withLock { $0 = memory } }

  /// Keeps new bytes; false if that failed and the old ones stay.
  func keep(_ bytes: [UInt8], at offset: Int) -> Bool {
    guard let start = UInt64(exactly: offset), (try? file.write(bytes[...], at: start)) != nil else { return false }
    return memory.withLock { $0?.programFirmware(bytes[...], at: offset) } ?? false
  }

  /// Makes everything durable; says what went wrong.
  func close() -> String? {
    do throws(SystemError) { try file.synchronize() } catch {
      return "\(file.path): what the firmware wrote last may not be in the file (\(error))."
    }
    return nil
  }
}
