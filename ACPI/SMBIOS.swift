public import Primitives

/// The machine's description of itself (SMBIOS 2.8), with the 31-byte anchor that every reader knows.
public struct SMBIOS: Sendable {
  /// The entry point; its table address is zero until `placed`, or a firmware, sets it.
  public let anchor: [UInt8]
  public let structures: [UInt8]

  /// Describes a machine with so many processors and bytes of RAM, made by this version of swboot; `identifier` is its
  /// UUID as it is written.
  public init(
    processors: Int, memory: UInt64, version: String, identifier: [UInt8] = [UInt8](repeating: 0, count: 16)
  ) {
    var table = StructureTable()
    table.add(SMBIOSStructure.firmware(version))
    table.add(SMBIOSStructure.system(identifier, version))
    table.add(SMBIOSStructure.chassis(version))
    table.add(SMBIOSStructure.processor(cores: processors, version))
    table.add(SMBIOSStructure.memoryArray(memory))
    table.add(SMBIOSStructure.memoryDevice(memory))
    let low = min(memory, Platform.lowRAMLimit)
    table.add(SMBIOSStructure.mappedMemory(0, start: 0, count: low))
    if memory > low {
      table.add(SMBIOSStructure.mappedMemory(1, start: Platform.highRAMStart, count: memory - low))
    }
    table.add(SMBIOSStructure.bootStatus)
    table.add(SMBIOSStructure.end)
    structures = table.bytes
    anchor = Self.anchor(table)
  }

  /// Both parts as they lie in memory; an anchor address above 4 GiB cannot be said in this form.
  public func placed(anchorAt: GuestAddress, structuresAt: GuestAddress) -> (anchor: [UInt8], structures: [UInt8]) {
    var placed = anchor
    placed.store(UInt32(truncatingIfNeeded: structuresAt.value), at: 24)
    Self.seal(&placed)
    return (placed, structures)
  }

  private static let anchorSize = 31
  private static let intermediateStart = 16

  private static func anchor(_ table: StructureTable) -> [UInt8] {
    var bytes: [UInt8] = "_SM_".utf8 + [0, UInt8(anchorSize), 2, 8]
    bytes.append(littleEndian: UInt16(clamping: table.largest))
    bytes += [UInt8](repeating: 0, count: 6)
    bytes += "_DMI_".utf8 + [0]
    bytes.append(littleEndian: UInt16(clamping: table.bytes.count))
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: UInt16(clamping: table.count))
    bytes.append(0x28)
    seal(&bytes)
    return bytes
  }

  /// The second half has a checksum of its own, from when it stood alone.
  private static func seal(_ bytes: inout [UInt8]) {
    bytes[intermediateStart + 5] &+= Checksum.of(bytes[intermediateStart...])
    bytes[4] &+= Checksum.of(bytes)
  }
}

/// The structures one after the other, and what the anchor says of them.
private struct StructureTable {
  var bytes: [UInt8] = []
  var count = 0
  var largest = 0

  mutating func add(_ structure: SMBIOSStructure) {
    let encoded = structure.encoded
    bytes += encoded
    count += 1
    largest = max(largest, encoded.count)
  }
}
