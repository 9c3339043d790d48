/// What the chip tells about itself: to Read Identifier Codes, and to a CFI query (JEDEC JESD68.01).
extension FlashMemory {
  /// Manufacturer and device as Intel's 28F128J3 says them; no block is locked.
  func identity(at offset: Int) -> UInt8 {
    switch offset {
    case 0: 0x89
    case 1: 0x18
    default: 0
    }
  }

  func query(at offset: Int) -> UInt8 {
    let start = 0x10
    let answers = Self.queryStructure(size: size)
    return answers.indices.contains(offset - start) ? answers[offset - start] : 0
  }

  private static func queryStructure(size: Int) -> [UInt8] {
    let blocks = size / blockSize
    let sizeExponent = UInt8(truncatingIfNeeded: Int.bitWidth - (size - 1).leadingZeroBitCount)
    let bufferExponent = UInt8(truncatingIfNeeded: bufferSize.trailingZeroBitCount)
    var bytes = Array("QRY".utf8)
    bytes += [1, 0, 0, 0]  // Intel's extended command set, without a further table
    bytes += [0, 0, 0, 0]  // and no other set
    bytes += [0x27, 0x36, 0, 0]  // 2.7 to 3.6 V, no programming voltage
    // A write, a buffer and a block erase take microseconds, at most twice as many; a chip cannot be erased at once.
    bytes += [1, 1, 1, 0, 1, 1, 1, 0]
    bytes += [sizeExponent, 0, 0, bufferExponent, 0]  // eight data lines
    bytes += [1]  // one region of blocks: their number less one, and their size in units of 256 bytes
    bytes += [UInt8(truncatingIfNeeded: blocks - 1), UInt8(truncatingIfNeeded: (blocks - 1) >> 8)]
    bytes += [UInt8(truncatingIfNeeded: blockSize >> 8), UInt8(truncatingIfNeeded: blockSize >> 16)]
    return bytes
  }
}
