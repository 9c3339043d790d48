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

  init(_ configuration: Configuration, _ plan: BoardPlan, _ tables: ACPITables, _ files: OpenedFiles) throws {
    let names = SMBIOS(processors: plan.processors, memory: configuration.memory, version: Program.version)
    let map = MemoryMap(firmwareLowSize: plan.lowMemory, highSize: plan.highMemory)
    var list: [FirmwareConfig.Item] = [
      .init(.file("etc/acpi/rsdp"), tables.rsdp),
      .init(.file("etc/acpi/tables"), tables.tables),
      .init(.file("etc/table-loader"), tables.linkerScript.encoded),
      .init(.file("etc/smbios/smbios-anchor"), names.anchor),
      .init(.file("etc/smbios/smbios-tables"), names.structures),
      .init(.file("etc/e820"), map.packed),
    ]
    if let bytes = BoardTree(plan).bytes { list.append(.init(.file("etc/board.dtb"), bytes)) }
    if let kernel = configuration.kernel { list += try Self.kernel(kernel, configuration, files, lowMemory: plan.lowMemory) }
    self.list = list
  }

  /// - Parameter lowMemory: how much RAM there is below 4 GiB.
  private static func kernel(
    _ path: String, _ configuration: Configuration, _ files: OpenedFiles, lowMemory: UInt64
  ) throws -> [FirmwareConfig.Item] {
    guard try MultibootKernel.isIn(files.file(path)) else {
      return try KernelItems(path, configuration, files, lowMemory: lowMemory).list
    }
    let kernel = try MultibootKernel(configuration.loadRequest(path, files), lowSize: lowMemory)
    return [.init(.file("etc/multiboot"), .source(JoinedContent(kernel.stream)))]
  }

  /// What the user hands over.
  static func files(_ configuration: Configuration, _ files: OpenedFiles) throws(FileError) -> [FirmwareConfig.Item] {
    try configuration.firmwareFiles.map { file throws(FileError) in
      .init(.file(file.name), .source(FileContent(try files.file(file.path))))
    }
  }
}
