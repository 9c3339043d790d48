import ACPITables
import DeviceModel
import Primitives
import Testing

@Suite("ACPI tables")
struct ACPITablesTests {
  @Test("every table of a machine without firmware is whole: pointers lead to it, its bytes add up to zero")
  func checksums() {
    let placed = PlacedTables(TestBoard.tables())
    let all = placed.all
    #expect(Set(all.keys) == ["XSDT", "FACP", "FACS", "DSDT", "APIC", "MCFG", "WAET", "SPCR"])
    for (signature, table) in all where signature != "FACS" {
      #expect(sum(table) == 0, "\(signature)")
    }
    #expect(sum(placed.rsdp.prefix(20)) == 0)
    #expect(sum(placed.rsdp) == 0)
    #expect(placed.rsdp.count == 36)
    #expect(String(decoding: placed.rsdp.prefix(8), as: UTF8.self) == "RSD PTR ")
  }

  @Test("the fixed tables have the length of their revision")
  func lengths() {
    let all = PlacedTables(TestBoard.tables(processors: 3)).all
    #expect(all["FACP"]?.count == 276)
    #expect(all["FACS"]?.count == 64)
    #expect(all["APIC"]?.count == 106)
    #expect(all["MCFG"]?.count == 60)
    #expect(all["SPCR"]?.count == 80)
    #expect(all["WAET"]?.count == 40)
  }

  @Test("fixed hardware is where the power management block is")
  func fixedHardware() throws {
    let fadt = try #require(PlacedTables(TestBoard.tables(pmBase: 0xE400)).all["FACP"])
    #expect(fadt.load(UInt32.self, at: 56) == 0xE400)
    #expect(fadt.load(UInt32.self, at: 64) == 0xE404)
    #expect(fadt.load(UInt32.self, at: 76) == 0xE408)
    #expect(fadt.load(UInt32.self, at: 80) == 0 && fadt[92] == 0, "no general events")
    #expect(fadt.load(UInt64.self, at: 152) == 0xE400)
    #expect(fadt.load(UInt64.self, at: 120) == 0xCF9)
    #expect(fadt.load(UInt32.self, at: 48) == 0, "no command port: ACPI mode is always on")
    #expect(fadt.load(UInt32.self, at: 112) == 0x14A5)
    #expect(fadt.load(UInt16.self, at: 109) == 0x0007)
  }

  @Test("a machine without a keyboard controller does not claim one")
  func noKeyboard() throws {
    let placements = TestBoard.placements.filter { $0.acpiID?.description != "PNP0303" }
    let fadt = try #require(PlacedTables(TestBoard.tables(placements: placements)).all["FACP"])
    #expect(fadt.load(UInt16.self, at: 109) == 0x0005)
  }

  @Test("a machine without a serial port has no console table")
  func noSerial() {
    #expect(PlacedTables(TestBoard.tables(placements: [])).all["SPCR"] == nil)
  }

  @Test("processor 255 and later are named by their wide APIC id")
  func manyProcessors() throws {
    let madt = try #require(PlacedTables(TestBoard.tables(processors: 300)).all["APIC"])
    let wide = 44 + 255 * 8
    #expect(madt.count == wide + 45 * 16 + 38)
    let first: [UInt8] = [9, 16, 0, 0, 255, 0, 0, 0]
    #expect(Array(madt[wide..<(wide + 8)]) == first)
    #expect(sum(madt) == 0)
  }

  @Test("configuration space that a firmware moves changes no size")
  func sizesStay() {
    let before = TestBoard.tables()
    let after = TestBoard.tables(ecam: MemoryRange(0xE000_0000, count: 0x1000_0000), pmBase: 0xE400)
    #expect(before.tables.count == after.tables.count)
    #expect(before.linkerScript.encoded.count == after.linkerScript.encoded.count)
    #expect(before.tables != after.tables)
    #expect(PlacedTables(after).all["MCFG"]?.load(UInt64.self, at: 44) == 0xE000_0000)
  }

  @Test("the loader script has 128-byte commands, pointers before checksums of the pointing table")
  func loaderScript() {
    let script = TestBoard.tables().linkerScript
    let bytes = script.encoded
    #expect(script.commands.count == 20)
    #expect(bytes.count == 20 * 128)
    #expect(bytes.load(UInt32.self, at: 0) == 1)
    #expect(String(decoding: bytes[4..<20], as: UTF8.self) == "etc/acpi/tables\0")
    #expect(bytes.load(UInt32.self, at: 60) == 64)
    #expect(bytes[64] == 1)
    #expect(script.commands.last == .addChecksum(in: .rsdp, at: 32, over: 0..<36))

    var sealed: [Range<Int>] = []
    for command in script.commands {
      switch command {
      case .addChecksum(.tables, _, let range): sealed.append(range)
      case .addPointer(.tables, let offset, _, _): #expect(!sealed.contains { $0.contains(offset) })
      default: break
      }
    }
  }

  @Test("a pointer command is laid out as firmware reads it")
  func pointerEncoding() {
    let script = TestBoard.tables().linkerScript
    let index = script.commands.firstIndex {
      if case .addPointer(.rsdp, _, _, _) = $0 { true } else { false }
    }
    let entry = Array(script.encoded.dropFirst(128 * (index ?? 0)).prefix(128))
    #expect(entry.load(UInt32.self, at: 0) == 2)
    #expect(String(decoding: entry[4..<18], as: UTF8.self) == "etc/acpi/rsdp\0")
    #expect(String(decoding: entry[60..<76], as: UTF8.self) == "etc/acpi/tables\0")
    #expect(entry.load(UInt32.self, at: 116) == 24)
    #expect(entry[120] == 8)
  }
}
