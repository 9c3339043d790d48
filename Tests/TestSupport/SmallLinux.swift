import Primitives

/// A bzImage of two setup sectors and 4 KiB of kernel (more if its code needs more), which a test may make lie.
public enum SmallLinux {
  public static let kernelOffset = 3 * 512
  public static let kernelSize = 4096
  private static let entryOffset = 0x200
  /// Where its 64-bit entry is, in a machine with room there.
  public static let entry: UInt64 = 0x100_0200

  /// - Parameter code: what runs from the 64-bit entry on.
  public static func make(code: [UInt8] = [], _ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    let size = max(kernelSize, Int(UInt64(entryOffset + code.count).roundedUp(toMultipleOf: 16)))
    var bytes = [UInt8](repeating: 0, count: kernelOffset)
    bytes += (0..<size).map { UInt8(truncatingIfNeeded: $0 / 16 + 1) }
    bytes.store(UInt8(2), at: 0x1F1)
    bytes.store(UInt32(size / 16), at: 0x1F4)
    bytes.store(UInt16(0xAA55), at: 0x1FE)
    bytes.store(UInt16(0x6AEB), at: 0x200)
    bytes.store(UInt32(0x5372_6448), at: 0x202)
    bytes.store(UInt16(0x020F), at: 0x206)
    bytes.store(UInt8(1), at: 0x211)
    bytes.store(UInt32(0x10_0000), at: 0x214)
    bytes.store(UInt32(0x7FFF_FFFF), at: 0x22C)
    bytes.store(UInt32(0x20_0000), at: 0x230)
    bytes.store(UInt8(1), at: 0x234)
    bytes.store(UInt16(1), at: 0x236)
    bytes.store(UInt32(0x7FF), at: 0x238)
    bytes.store(UInt64(0x100_0000), at: 0x258)
    bytes.store(UInt32(0x10_0000), at: 0x260)
    let start = kernelOffset + entryOffset
    bytes.replaceSubrange(start..<start + code.count, with: code)
    change(&bytes)
    return bytes
  }
}
