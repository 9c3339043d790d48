import Host
import Primitives

/// A gzip stream that stores its bytes as they are.
enum Gzip {
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    var start = 0
    repeat {
      let block = bytes[start..<min(start + 0xFFFF, bytes.count)]
      start = block.endIndex
      stream.append(start == bytes.count ? 1 : 0)
      stream.append(littleEndian: UInt16(block.count))
      stream.append(littleEndian: ~UInt16(block.count))
      stream += block
    } while start < bytes.count
    var checksum = Checksum()
    checksum.update(bytes)
    stream.append(littleEndian: checksum.value)
    stream.append(littleEndian: UInt32(bytes.count))
    return stream
  }
}
