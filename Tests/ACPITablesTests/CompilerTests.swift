import ACPITables
import Primitives
import Testing

@Suite("ACPI tables and the compiler", .enabled(if: Compiler.isInstalled, "iasl (acpica-tools) is not installed"))
struct CompilerTests {
  @Test("AC-02 every table disassembles, and compiles again with no error and no warning")
  func roundTrip() throws {
    let compiler = try #require(Compiler())
    defer { compiler.remove() }
    for (signature, table) in PlacedTables(TestBoard.tables()).all.sorted(by: { $0.key < $1.key }) {
      let source = try #require(compiler.disassemble(table, as: signature), "\(signature)")
      let stem = compiler.folder + "/" + signature
      let (succeeded, output) = compiler.run(["-p", stem + "2", "-tc", stem + ".dsl"])
      #expect(succeeded && output.contains(" 0 Errors, 0 Warnings"), "\(signature): \(output)")
      let again = try #require(Compiler.read(stem + "2.aml"), "\(signature)")
      #expect(compiler.disassemble(again, as: signature + "3") == source, "\(signature)")
    }
  }

  @Test("the DSDT is the one on record")
  func golden() throws {
    let compiler = try #require(Compiler())
    defer { compiler.remove() }
    let table = try #require(PlacedTables(TestBoard.tables()).all["DSDT"])
    let source = try #require(compiler.disassemble(table, as: "DSDT"))
    let recorded = try #require(Compiler.read(#filePath.dropLast("CompilerTests.swift".utf8.count) + "dsdt.dsl"))
    #expect(source == String(decoding: recorded, as: UTF8.self))
  }

  @Test("configuration space inside the PCI window leaves two windows")
  func split() throws {
    let compiler = try #require(Compiler())
    defer { compiler.remove() }
    let tables = TestBoard.tables(ecam: MemoryRange(0xE000_0000, count: 0x1000_0000))
    let table = try #require(PlacedTables(tables).all["DSDT"])
    let source = try #require(compiler.disassemble(table, as: "DSDT"))
    for edge in ["0xC0000000", "0xDFFFFFFF", "0xF0000000", "0xFEBFFFFF"] {
      #expect(source.contains(edge + ","), "\(edge)")
    }
  }
}
