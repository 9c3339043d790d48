public import DeviceModel
public import Primitives

/// The ACPI tables of one machine, made from where its devices sit.
///
/// Pointers in `tables` and `rsdp` are offsets into `tables` and checksums are zero, until a firmware, or
/// `placed` where there is none, carries out the linker script.
public struct ACPITables: Sendable {
  public private(set) var tables: [UInt8] = []
  public let rsdp: [UInt8]
  public private(set) var linkerScript = LinkerScript()

  /// The tables for a machine whose configuration space and power management block are where they are now.
  ///
  /// Their sizes do not depend on `ecam` and `pmBase`: a firmware reads sizes before it moves these two.
  public init(
    processors: Int, placements: [Placement], ecam: MemoryRange = Platform.ecam,
    pmBase: Port = Platform.pmBlock.first, pciMemory: MemoryRange = Platform.pciMemory
  ) {
    let machine = DescribedMachine(
      processors: processors, placements: placements, ecam: ecam, pmBase: pmBase, pciMemory: pciMemory)
    var layout = Layout()
    let facs = layout.put(FixedTables.firmwareControl, alignment: 64)
    let dsdt = layout.seal(
      FixedTables.table("DSDT", revision: 2, DSDT.body(machine)), room: Self.largestDSDT(machine))
    let fadt = layout.put(FixedTables.fixedDescription(machine, facs: facs, dsdt: dsdt))
    layout.point(from: fadt + 36, byteCount: 4)
    layout.point(from: fadt + 40, byteCount: 4)
    layout.point(from: fadt + 140, byteCount: 8)
    layout.addChecksum(fadt)

    var roots = [fadt]
    roots.append(layout.seal(FixedTables.interruptControllers(machine)))
    roots.append(layout.seal(FixedTables.configurationSpace(machine)))
    roots.append(layout.seal(FixedTables.emulatedDevices))
    if let console = machine.placement(.serialPort), let port = console.ports.first?.first {
      roots.append(layout.seal(FixedTables.console(port, line: console.line ?? Platform.serialLine)))
    }
    let xsdt = layout.put(FixedTables.root(roots))
    for number in roots.indices { layout.point(from: xsdt + FixedTables.headerSize + 8 * number, byteCount: 8) }
    layout.addChecksum(xsdt)

    rsdp = FixedTables.rootPointer(xsdt)
    tables = layout.bytes
    linkerScript.commands =
      [.allocate(.tables, alignment: 64, .anywhere), .allocate(.rsdp, alignment: 16, .biosSegment)]
      + layout.commands
      + [
        .addPointer(in: .rsdp, at: 24, byteCount: 8, to: .tables),
        .addChecksum(in: .rsdp, at: 8, over: 0..<20),
        .addChecksum(in: .rsdp, at: 32, over: 0..<36),
      ]
  }

  /// Both files as they lie in the memory of a machine that boots without firmware.
  public func placed(tablesAt: GuestAddress, rsdpAt: GuestAddress) -> (tables: [UInt8], rsdp: [UInt8]) {
    var placed = (tables: tables, rsdp: rsdp)
    linkerScript.run(tables: &placed.tables, at: tablesAt, rsdp: &placed.rsdp, at: rsdpAt)
    return placed
  }

  /// The size of the DSDT where the configuration space cuts the PCI window in two.
  private static func largestDSDT(_ machine: DescribedMachine) -> Int {
    let middle = GuestAddress(machine.pciMemory.first.value + machine.pciMemory.count / 2)
    let cut = DescribedMachine(
      processors: machine.processors, placements: machine.placements, ecam: MemoryRange(middle, count: 1),
      pmBase: machine.pmBase, pciMemory: machine.pciMemory)
    return FixedTables.headerSize + DSDT.body(cut).count
  }
}
