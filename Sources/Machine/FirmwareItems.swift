internal import ACPITables
internal import Boot
internal import DeviceModel
internal import Devices
internal import GuestRAM
internal import Host
internal import Primitives

/// What the board hands to its firmware through fw_cfg.
struct FirmwareItems {
  let list: [FirmwareItem]

  init(_ configuration: Configuration, _ plan: BoardPlan, _ tables: BoardTables, _ files: OpenedFiles) throws {
    let (memory, processors) = (configuration.memory, plan.processors)
    let names: @Sendable () -> SMBIOS = { SMBIOS(processors: processors, memory: memory, version: Program.version) }
    var list: [FirmwareItem] = [
      Self.item("etc/acpi/rsdp") { tables.atPowerOn.rsdp },
      Self.item("etc/acpi/tables") { tables.atPowerOn.tables },
      Self.item("etc/table-loader") { tables.atPowerOn.linkerScript.encoded },
      Self.item("etc/smbios/smbios-anchor") { names().anchor },
      Self.item("etc/smbios/smbios-tables") { names().structures },
      Self.item("etc/e820") { MemoryMap(firmwareLowSize: plan.lowMemory, highSize: plan.highMemory).packed },
      Self.item("etc/board.dtb") { BoardTree(plan).bytes ?? [] },
    ]
    if let kernel = configuration.kernel { list += try Self.kernel(kernel, configuration, files, lowMemory: plan.lowMemory) }
    self.list = list
  }

  /// A file that is made when firmware looks.
  private static func item(_ name: String, _ make: @escaping @Sendable () -> [UInt8]) -> FirmwareItem {
    .init(.file(name), FirmwareContent(LateBytes(make)))
  }

  /// - Parameter lowMemory: how much RAM there is below 4 GiB.
  private static func kernel(
    _ path: String, _ configuration: Configuration, _ files: OpenedFiles, lowMemory: UInt64
  ) throws -> [FirmwareItem] {
    guard try MultibootKernel.isIn(files.file(path)) else {
      return try KernelItems(path, configuration, files, lowMemory: lowMemory).list
    }
    let kernel = try MultibootKernel(configuration.loadRequest(path, files), lowSize: lowMemory)
    return [.init(.file("etc/multiboot"), FirmwareContent(JoinedParts(kernel.stream)))]
  }

  /// What the user hands over.
  static func files(_ configuration: Configuration, _ files: OpenedFiles) throws(FileError) -> [FirmwareItem] {
    try configuration.firmwareFiles.map { file throws(FileError) in
      .init(.file(file.name), FirmwareContent(FilePart(try files.file(file.path))))
    }
  }
}
