import ACPITables
import Primitives
import Testing

@Suite("SMBIOS")
struct SMBIOSTests {
  private struct Structure {
    let kind: UInt8
    /// What comes before the strings.
    let formatted: [UInt8]
    let strings: [String]
  }

  /// The structures, walked as a reader does.
  private func walk(_ bytes: [UInt8]) -> [Structure] {
    var result: [Structure] = []
    var offset = 0
    while offset + 4 <= bytes.count {
      let length = Int(bytes[offset + 1])
      var strings: [String] = []
      var at = offset + length
      repeat {
        let text = bytes[at...].prefix { $0 != 0 }
        if !text.isEmpty { strings.append(String(decoding: text, as: UTF8.self)) }
        at += text.count + 1
      } while at < bytes.count && bytes[at] != 0
      result.append(Structure(kind: bytes[offset], formatted: Array(bytes[offset..<(offset + length)]), strings: strings))
      offset = at + 1
    }
    return result
  }

  @Test("a reader that knows only the old anchor finds all structures")
  func anchor() {
    let (anchor, structures) = SMBIOS(processors: 2, memory: 256 << 20, version: "0.3")
      .placed(anchorAt: 0xF_0000, structuresAt: 0xF_0100)
    #expect(anchor.count == 31)
    #expect(String(decoding: anchor.prefix(4), as: UTF8.self) == "_SM_")
    #expect(String(decoding: anchor[16..<21], as: UTF8.self) == "_DMI_")
    #expect(sum(anchor) == 0)
    #expect(sum(anchor[16...]) == 0)
    #expect(anchor.load(UInt16.self, at: 22).map(Int.init) == structures.count)
    #expect(anchor.load(UInt32.self, at: 24) == 0xF_0100)
    #expect(anchor.load(UInt16.self, at: 28).map(Int.init) == walk(structures).count)
  }

  @Test("the structures have the lengths of version 2.8 and end with the end marker")
  func structures() {
    let found = walk(SMBIOS(processors: 2, memory: 256 << 20, version: "0.3").structures)
    #expect(found.map(\.kind) == [0, 1, 3, 4, 16, 17, 19, 32, 127])
    #expect(found.map(\.formatted.count) == [24, 27, 22, 42, 23, 40, 31, 11, 4])
    #expect(found[1].strings.prefix(2) == ["swboot", "swboot VM"])
  }

  @Test("B16 inventories find a speed for the processor, and which swboot made the machine")
  func speedAndVersion() throws {
    let found = walk(SMBIOS(processors: 2, memory: 256 << 20, version: "0.3").structures)
    #expect(found.prefix(4).allSatisfy { $0.strings.contains("0.3") })
    let processor = try #require(found.first { $0.kind == 4 }).formatted
    #expect(processor.load(UInt16.self, at: 0x14) == 2000 && processor.load(UInt16.self, at: 0x16) == 2000)
  }

  @Test("memory above the PCI hole is a second range")
  func highMemory() {
    let found = walk(SMBIOS(processors: 1, memory: 5 << 30, version: "0.3").structures)
    #expect(found.count { $0.kind == 19 } == 2)
  }

  @Test("a machine of terabytes and a thousand processors still has its description")
  func hugeMachine() {
    #expect(walk(SMBIOS(processors: 1000, memory: 8 << 40, version: "0.3").structures).count == 10)
  }

  @Test("the UUID is stored with its first three fields little-endian")
  func identifier() {
    let bytes = SMBIOS(processors: 1, memory: 1 << 20, version: "0.3", identifier: Array(0..<16)).structures
    let stored: [UInt8] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    #expect(bytes.indices.contains { bytes[$0...].starts(with: stored) })
  }
}
