internal import Primitives

/// Places the board's SMBIOS structures, and the anchor that points to them.
struct MachineDescription<H: Hardware> {
  let hardware: H
  let files: ConfigurationFiles<H>

  private static var anchorSize: UInt32 { 31 }
  private static var intermediateStart: Int { 16 }

  /// True too where the board has none.
  func place(tables: inout Arena, anchors: inout Arena) -> Bool {
    guard let anchor = files.find("etc/smbios/smbios-anchor"), let structures = files.find("etc/smbios/smbios-tables")
    else { return true }
    guard anchor.size == Self.anchorSize, let address = anchors.take(anchor.size, alignment: 16),
      let table = tables.take(structures.size, alignment: 16), files.copy(anchor.size, of: anchor.key, to: address),
      files.copy(structures.size, of: structures.key, to: table)
    else { return false }
    hardware.put(UInt32(truncatingIfNeeded: table.value), at: address + 24)
    seal(address + Self.intermediateStart, Self.anchorSize - UInt32(Self.intermediateStart), at: 5)
    seal(address, Self.anchorSize, at: 4)
    return true
  }

  private func seal(_ address: GuestAddress, _ count: UInt32, at offset: Int) {
    hardware.put(UInt8(0), at: address + offset)
    hardware.put(hardware.checksum(count, at: address), at: address + offset)
  }
}
