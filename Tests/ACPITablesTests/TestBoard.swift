import ACPITables
import DeviceModel
import Primitives

/// A machine with every kind of node.
enum TestBoard {
  static let placements = [
    Placement("serial", ports: [Platform.serial], line: Platform.serialLine, acpiID: "PNP0501"),
    Placement("clock", ports: [PortRange(0x70, count: 8)], line: Platform.clockLine, acpiID: "PNP0B00"),
    Placement(
      "keyboard", ports: [PortRange(0x60, count: 1), PortRange(0x64, count: 1)],
      line: Platform.keyboardLine, acpiID: "PNP0303"),
    Placement("mouse", line: Platform.mouseLine, acpiID: "PNP0F13"),
    Placement("panic notifier", ports: [Platform.panicNotifier], acpiID: "QEMU0001"),
    Placement("firmware configuration", ports: [Platform.firmwareConfig], acpiID: "QEMU0002"),
    Placement("debug exit", ports: [Platform.debugExit]),
    Placement("watchdog", memory: MemoryRange(0xFED0_8000, count: 0x1000), line: 10, acpiID: "SWBT0001"),
    Placement("mailbox", memory: MemoryRange(0xFED0_A000, count: 0x1000), line: 24, acpiID: "SWBT0001"),
  ]

  static func tables(
    processors: Int = 2, placements: [Placement] = placements, ecam: MemoryRange = Platform.ecam,
    pmBase: Port = 0x600
  ) -> ACPITables {
    ACPITables(processors: processors, placements: placements, ecam: ecam, pmBase: pmBase)
  }
}

/// The tables in memory, found as an operating system finds them.
struct PlacedTables {
  static let base: UInt64 = 0xE_0040
  let memory: [UInt8]
  let rsdp: [UInt8]

  init(_ tables: ACPITables) {
    (memory, rsdp) = tables.placed(tablesAt: GuestAddress(Self.base), rsdpAt: 0xE_0000)
  }

  func table(at address: UInt64) -> [UInt8] {
    guard address >= Self.base else { return [] }
    let offset = Int(address - Self.base)
    guard let length = memory.load(UInt32.self, at: offset + 4), offset + Int(length) <= memory.count else { return [] }
    return Array(memory[offset..<(offset + Int(length))])
  }

  var root: [UInt8] { table(at: rsdp.load(UInt64.self, at: 24) ?? 0) }

  /// The tables that the root names, and what the FADT points to, by signature.
  var all: [String: [UInt8]] {
    var found = ["XSDT": root]
    for offset in stride(from: 36, to: root.count, by: 8) {
      let entry = table(at: root.load(UInt64.self, at: offset) ?? 0)
      found[String(decoding: entry.prefix(4), as: UTF8.self)] = entry
    }
    guard let fadt = found["FACP"] else { return found }
    found["FACS"] = table(at: UInt64(fadt.load(UInt32.self, at: 36) ?? 0))
    found["DSDT"] = table(at: fadt.load(UInt64.self, at: 140) ?? 0)
    return found
  }
}

/// The sum of bytes, zero where a checksum holds.
func sum(_ bytes: some Sequence<UInt8>) -> UInt8 { bytes.reduce(0, &+) }
