import Primitives

/// An ELF64 kernel of one segment at 2 MiB, twice as large in memory as in the file, with a PVH note.
enum SmallELF {
  static let entry: UInt64 = 0x20_0010
  static let segmentOffset = 0x1000

  static func make(note: Bool = true, _ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x2000)
    bytes.replaceSubrange(0..<7, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1])
    bytes.store(UInt16(2), at: 16)
    bytes.store(UInt16(62), at: 18)
    bytes.store(entry, at: 24)
    bytes.store(UInt64(64), at: 32)
    bytes.store(UInt16(56), at: 54)
    bytes.store(UInt16(2), at: 56)
    header(&bytes, at: 64, kind: 1, offset: UInt64(segmentOffset), address: 0x20_0000, size: 0x1000, memorySize: 0x2000)
    header(&bytes, at: 120, kind: 4, offset: 0x800, address: 0, size: note ? 20 : 0, memorySize: 20)
    bytes.store(UInt32(4), at: 0x800)
    bytes.store(UInt32(4), at: 0x804)
    bytes.store(UInt32(18), at: 0x808)
    bytes.replaceSubrange(0x80C..<0x810, with: [0x58, 0x65, 0x6E, 0])
    bytes.store(UInt32(0x20_0020), at: 0x810)
    for i in 0..<0x1000 { bytes[segmentOffset + i] = UInt8(truncatingIfNeeded: i | 1) }
    change(&bytes)
    return bytes
  }

  static func header(
    _ bytes: inout [UInt8], at: Int, kind: UInt32, offset: UInt64, address: UInt64, size: UInt64, memorySize: UInt64
  ) {
    bytes.store(kind, at: at)
    bytes.store(offset, at: at + 8)
    bytes.store(address, at: at + 24)
    bytes.store(size, at: at + 32)
    bytes.store(memorySize, at: at + 40)
  }
}
