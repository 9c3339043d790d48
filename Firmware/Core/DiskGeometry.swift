internal import Primitives

/// Cylinders, heads and sectors of a disk that has none: what every BIOS makes up for large disks.
struct DiskGeometry {
  static var heads: UInt32 { 255 }
  static var sectors: UInt32 { 63 }

  /// At most 1024 cylinders, at least one.
  let cylinders: UInt32

  init(sectorCount: UInt64) {
    let whole = sectorCount / UInt64(Self.heads * Self.sectors)
    cylinders = UInt32(truncatingIfNeeded: min(max(whole, 1), 1024))
  }

  /// The sector that INT 13h's registers mean; nil for sector 0, which there is not, or a head too many.
  static func sector(ch: UInt8, cl: UInt8, dh: UInt8) -> UInt64? {
    let cylinder = UInt32(ch) | UInt32(cl & 0xC0) << 2
    let (head, sector) = (UInt32(dh), UInt32(cl & 0x3F))
    guard sector > 0, head < heads else { return nil }
    return UInt64((cylinder * heads + head) * sectors + sector - 1)
  }
}
