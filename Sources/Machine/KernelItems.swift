internal import Boot
internal import CFirmware
internal import Devices
internal import Host
internal import Primitives

/// A kernel that the user chose, as firmware finds it in fw_cfg: its two parts, its initial RAM disk and its command
/// line, each with its size and the place for it, and a setup header that already names these places.
struct KernelItems {
  let list: [FirmwareItem]

  private enum Key {
    static let kernelAddress: UInt16 = 0x07
    static let kernelSize: UInt16 = 0x08
    static let initrdAddress: UInt16 = 0x0A
    static let initrdSize: UInt16 = 0x0B
    static let kernelEntry: UInt16 = 0x10
    static let kernel: UInt16 = 0x11
    static let initrd: UInt16 = 0x12
    static let commandLineAddress: UInt16 = 0x13
    static let commandLineSize: UInt16 = 0x14
    static let commandLine: UInt16 = 0x15
    static let setupAddress: UInt16 = 0x16
    static let setupSize: UInt16 = 0x17
    static let setup: UInt16 = 0x18
  }

  /// Where the parts lie for a kernel that starts in real mode.
  private enum Place {
    static let setup: UInt64 = 0x1_0000
    static let commandLine: UInt64 = 0x2_0000
    static let kernel: UInt64 = 0x10_0000
  }

  /// A kernel or initial RAM disk that could still lie below 4 GiB.
  private static let largestFile: UInt64 = 1 << 31 - 1
  /// What firmware keeps for its tables at the end of low memory.
  private static let firmwareTables: UInt64 = 1 << 20

  /// - Parameter lowMemory: how much RAM there is below 4 GiB.
  init(_ path: String, _ configuration: Configuration, _ files: OpenedFiles = OpenedFiles(), lowMemory: UInt64) throws {
    let file = try Self.small(files.file(path))
    let initrd = try configuration.initrd.map { try Self.small(files.file($0)) }
    let commandLine = Array(configuration.commandLine.utf8) + [0]
    // Whatever is not a bzImage has no setup part; the firmware says so.
    let setupSize = min(SetupHeader(try file.bytes(at: 0, count: 512)).setupSize, file.size)
    var setup = SetupHeader(try file.bytes(at: 0, count: Int(setupSize)))
    let limit = min(setup.initrdLimit, lowMemory - min(lowMemory, Self.firmwareTables))
    let initrdSize = initrd?.size ?? 0
    let initrdAddress = (limit - min(limit, initrdSize)) & ~0xFFF
    guard initrdSize == 0 || initrdAddress >= Place.kernel + file.size - setupSize else {
      throw MachineError("\(initrd?.path ?? path): the initial RAM disk of \(initrdSize) bytes does not fit between the kernel and 0x\(limit.hex())")
    }
    setup.tell(
      initrd: initrdSize == 0 ? 0 : initrdAddress, initrdSize: initrdSize, commandLine: Place.commandLine, setup: Place.setup)
    let numbers: [(UInt16, UInt64)] = [
      (Key.kernelAddress, Place.kernel), (Key.kernelEntry, Place.kernel), (Key.kernelSize, file.size - setupSize),
      (Key.initrdAddress, initrdAddress), (Key.initrdSize, initrdSize),
      (Key.commandLineAddress, Place.commandLine), (Key.commandLineSize, UInt64(commandLine.count)),
      (Key.setupAddress, Place.setup), (Key.setupSize, setupSize),
    ]
    var list: [FirmwareItem] = numbers.map { key, number in
      var bytes: [UInt8] = []
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: number))
      return .init(.key(key), bytes)
    }
    list.append(.init(.key(Key.kernel), FirmwareContent(FilePart(file, from: setupSize))))
    list.append(.init(.key(Key.setup), setup.bytes))
    list.append(.init(.key(Key.commandLine), commandLine))
    if let initrd { list.append(.init(.key(Key.initrd), FirmwareContent(FilePart(initrd)))) }
    // For firmware that knows how to start a disk but not a kernel, as SeaBIOS: our option ROM starts it.
    let name = "genroms/kernel.rom"
    list.append(.init(.file(name), (0..<option_rom_size()).map { option_rom_byte($0) }))
    list.append(.init(.file("bootorder"), Array("/rom@\(name)\nHALT\0".utf8)))
    self.list = list
  }

  private static func small(_ file: HostFile) throws -> HostFile {
    guard file.size <= largestFile else { throw FileError(path: file.path, .tooLarge(limit: largestFile)) }
    return file
  }
}
