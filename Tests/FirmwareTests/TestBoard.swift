import ACPITables
import Devices
import Host
import Primitives
import Testing

/// What a board hands to its firmware, written out here.
enum TestBoard {
  static var tree: [UInt8] {
    get throws { try tree { _ in } }
  }

  static func tree(_ more: (inout DeviceTreeWriter) -> Void) throws -> [UInt8] {
    var tree = DeviceTreeWriter()
    tree.node("pci@b0000000") { tree in
      tree.set("compatible", "pci-host-ecam-generic")
      tree.set("reg", [0, 0xB000_0000, 0, 0x1000_0000])
      tree.set("ranges", [0x0200_0000, 0, 0xC000_0000, 0, 0xC000_0000, 0, 0x3EC0_0000])
    }
    tree.node("isa") { tree in
      for (name, port) in [("com1", 0x3F8), ("debug-console", 0x402), ("debug-exit", 0xF4), ("power-management", 0x600)] {
        tree.node(name) { tree in
          tree.set("compatible", "pnpPNP,0", "swboot,\(name)")
          tree.set("reg", [1, UInt32(port), 8])
        }
      }
    }
    more(&tree)
    return try #require(tree.finish())
  }

  static func memoryMap(_ size: UInt64) -> [UInt8] { range(0, size, 1) + range(0xFEFF_C000, 0x4000, 2) }

  static func range(_ start: UInt64, _ count: UInt64, _ kind: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: start)
    bytes.append(littleEndian: count)
    bytes.append(littleEndian: kind)
    return bytes
  }

  static func items(ram: UInt64 = 1 << 20) throws -> [FirmwareItem] {
    let tables = ACPITables(processors: 1, placements: [])
    let names = SMBIOS(processors: 1, memory: ram, version: "1")
    return [
      .init(.file("etc/board.dtb"), try tree), .init(.file("etc/e820"), memoryMap(ram)),
      .init(.file("etc/acpi/rsdp"), tables.rsdp), .init(.file("etc/acpi/tables"), tables.tables),
      .init(.file("etc/table-loader"), tables.linkerScript.encoded),
      .init(.file("etc/smbios/smbios-anchor"), names.anchor),
      .init(.file("etc/smbios/smbios-tables"), names.structures),
    ]
  }
}
