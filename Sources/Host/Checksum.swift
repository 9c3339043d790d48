import CZlib

/// The CRC-32 of gzip, PNG and U-Boot's images.
public struct Checksum: Sendable {
  public private(set) var value: UInt32 = 0

  public init() {}

  public mutating func update(_ bytes: [UInt8]) {
    value = unsafe bytes.withUnsafeBufferPointer { source in
      UInt32(truncatingIfNeeded: unsafe crc32_z(UInt(value), source.baseAddress, source.count))
    }
  }
}
