internal import ACPITables
internal import Boot
internal import DeviceModel
internal import Devices
internal import GuestRAM
internal import Host
internal import Primitives

/// What the board hands to its firmware through fw_cfg.
struct FirmwareItems {
  let list: [FirmwareConfig.Item]

  init(_ configuration: Configuration, _ memory: GuestMemory, _ placements: [Placement], _ tables: ACPITables) throws {
    let names = SMBIOS(processors: configuration.processors, memory: memory.size)
    let map = MemoryMap(firmwareLowSize: memory.lowSize, highSize: memory.highSize)
    var list: [FirmwareConfig.Item] = [
      .init(.file("etc/acpi/rsdp"), tables.rsdp),
      .init(.file("etc/acpi/tables"), tables.tables),
      .init(.file("etc/table-loader"), tables.linkerScript.encoded),
      .init(.file("etc/smbios/smbios-anchor"), names.anchor),
      .init(.file("etc/smbios/smbios-tables"), names.structures),
      .init(.file("etc/e820"), map.packed),
    ]
    let tree = BoardTree(
      processors: configuration.processors, lowMemory: memory.lowSize, highMemory: memory.highSize,
      placements: placements)
    if let bytes = tree.bytes { list.append(.init(.file("etc/board.dtb"), bytes)) }
    if let kernel = configuration.kernel { list += try Self.kernel(kernel, configuration) }
    self.list = list
  }

  /// The keys under which firmware looks for a kernel that the user chose.
  private enum Key {
    static let kernelSize: UInt16 = 0x08
    static let initrdSize: UInt16 = 0x0B
    static let kernel: UInt16 = 0x11
    static let initrd: UInt16 = 0x12
    static let commandLineSize: UInt16 = 0x14
    static let commandLine: UInt16 = 0x15
    static let setupSize: UInt16 = 0x17
    static let setup: UInt16 = 0x18
  }

  private static func kernel(_ path: String, _ configuration: Configuration) throws -> [FirmwareConfig.Item] {
    let file = try HostFile(path: path).contents(limit: largestFile)
    let initrd = try configuration.initrd.map { try HostFile(path: $0).contents(limit: largestFile) } ?? []
    let commandLine = Array(configuration.commandLine.utf8) + [0]
    // Whatever is not a bzImage has no setup part; the firmware says so.
    let sectors = file.load(UInt8.self, at: 0x1F1) ?? 0
    let setupSize = min((Int(sectors == 0 ? 4 : sectors) + 1) * 512, file.count)
    let sizes: [(UInt16, Int)] = [
      (Key.kernelSize, file.count - setupSize), (Key.initrdSize, initrd.count),
      (Key.commandLineSize, commandLine.count), (Key.setupSize, setupSize),
    ]
    return sizes.map { key, size in
      var bytes: [UInt8] = []
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: size))
      return .init(.key(key), bytes)
    } + [
      .init(.key(Key.kernel), Array(file[setupSize...])), .init(.key(Key.initrd), initrd),
      .init(.key(Key.commandLine), commandLine), .init(.key(Key.setup), Array(file[..<setupSize])),
    ]
  }

  /// A kernel or initial RAM disk that could still lie below 4 GiB.
  private static let largestFile: UInt64 = 1 << 31 - 1
}
