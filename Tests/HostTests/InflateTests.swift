import Host
import TestSupport
import Testing

@Suite struct InflateTests {
  /// "hello " four times and a newline, as gzip packs it.
  static let packed: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57,
    0xC8, 0xC0, 0x20, 0xB9, 0x00, 0x33, 0x93, 0xB7, 0x5D, 0x19, 0x00, 0x00, 0x00,
  ]
  static let plain = Array("hello hello hello hello \n".utf8)

  func unpack(_ bytes: [UInt8], limit: UInt64) throws -> [UInt8] {
    let temporary = TemporaryFile(bytes)
    let file = try HostFile(path: temporary.path)
    return try file.unpacked(at: 0, count: file.size, as: .gzip, limit: limit).contents(limit: 1 << 20)
  }

  @Test func a_gzip_stream_gives_what_was_packed() throws {
    #expect(try unpack(Self.packed, limit: 25) == Self.plain)
  }

  @Test func more_than_the_limit_is_refused() {
    #expect(throws: FileError.self) { try unpack(Self.packed, limit: 24) }
  }

  @Test func a_stream_cut_at_any_length_is_refused() {
    for length in 0..<Self.packed.count {
      #expect(throws: FileError.self) { try unpack(Array(Self.packed.prefix(length)), limit: 100) }
    }
  }

  @Test func a_wrong_checksum_is_refused() {
    var bytes = Self.packed
    bytes[bytes.count - 8] ^= 1
    #expect(throws: FileError.self) { try unpack(bytes, limit: 100) }
  }

  @Test("QC-07 a cluster is exactly as large as the disk says, or damaged")
  func cluster() {
    let raw = Array(Self.packed[10..<Self.packed.count - 8])
    #expect(Inflate.deflate(raw, exactly: 25) == Self.plain)
    #expect(Inflate.deflate(raw, exactly: 24) == nil)
    #expect(Inflate.deflate(raw, exactly: 26) == nil)
    #expect(Inflate.deflate([], exactly: 1) == nil)
    #expect(Inflate.deflate([0xFF, 0xFF], exactly: 1) == nil)
    #expect(Inflate.deflate(raw, exactly: -1) == nil)
  }
}
