@testable import Host
import TestSupport
import Testing

/// "hello " four times and a newline, as each packer writes it.
@Suite struct CompressionTests {
  static let packed: [(Compression, [UInt8])] = [
    (.gzip, InflateTests.packed),
    (
      .lz4,
      [
        0x02, 0x21, 0x4C, 0x18, 0x10, 0x00, 0x00, 0x00, 0x69, 0x68, 0x65, 0x6C, 0x6C, 0x6F, 0x20, 0x06,
        0x00, 0x60, 0x65, 0x6C, 0x6C, 0x6F, 0x20, 0x0A,
      ]
    ),
    // With the filter for x86 code, as Linux packs its kernel.
    (
      .xz,
      [
        0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00, 0x01, 0x69, 0x22, 0xDE, 0x36, 0x02, 0x01, 0x04, 0x00,
        0x21, 0x01, 0x08, 0x00, 0xD2, 0xB9, 0x74, 0xCB, 0xE0, 0x00, 0x18, 0x00, 0x0D, 0x5D, 0x00, 0x34,
        0x19, 0x49, 0xEE, 0x8D, 0xE9, 0x56, 0x0C, 0x59, 0xB6, 0xA6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x33, 0x93, 0xB7, 0x5D, 0x00, 0x01, 0x25, 0x19, 0x0C, 0xCD, 0x1E, 0xAC, 0x90, 0x42, 0x99, 0x0D,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x59, 0x5A,
      ]
    ),
    (
      .zstd,
      [
        0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x68, 0x6D, 0x00, 0x00, 0x38, 0x68, 0x65, 0x6C, 0x6C, 0x6F, 0x20,
        0x0A, 0x01, 0x00, 0xF1, 0x4A, 0x11, 0x6B, 0x57, 0x0B, 0x5D,
      ]
    ),
  ]

  func unpack(_ bytes: [UInt8], _ format: Compression, limit: UInt64 = 1 << 20) throws -> [UInt8] {
    let temporary = TemporaryFile(bytes)
    let file = try HostFile(path: temporary.path)
    return try file.unpacked(at: 0, count: file.size, as: format, limit: limit).contents(limit: limit)
  }

  @Test func every_format_is_known_by_its_first_bytes() {
    for (format, bytes) in Self.packed { #expect(Compression(bytes) == format) }
    #expect(Compression([0x7F, 0x45, 0x4C, 0x46]) == nil)
  }

  @Test func every_format_gives_what_was_packed() throws {
    for (format, bytes) in Self.packed { #expect(try unpack(bytes, format, limit: 25) == InflateTests.plain) }
  }

  /// The text stands in the block as it is, behind a token and its length.
  @Test func a_block_of_LZ4_that_is_read_in_several_pieces_is_unpacked_as_a_whole() throws {
    let text = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let length = text.count - 15
    let block = [0xF0] + [UInt8](repeating: 255, count: length / 255) + [UInt8(length % 255)] + text
    let size = (0..<4).map { UInt8(truncatingIfNeeded: block.count >> (8 * $0)) }
    let packed = [0x02, 0x21, 0x4C, 0x18] + size + block
    #expect(try unpack(packed + size + block, .lz4, limit: 2_000_000).count == 2_000_000)
    #expect(try unpack(packed, .lz4) == text)
    #expect(throws: FileError.self) { try unpack(packed.dropLast(1), .lz4) }
  }

  @Test func a_block_of_LZ4_that_is_larger_than_any_can_be_is_damage_and_nobody_reads_on_for_it() throws {
    // 0x7F000000 bytes, of which the file has as many as it takes to see how far it is read.
    let temporary = TemporaryFile([0x02, 0x21, 0x4C, 0x18, 0, 0, 0, 0x7F] + [UInt8](repeating: 0, count: 1 << 20))
    let stream = try UnpackedStream(HostFile(path: temporary.path), at: 0, count: 1 << 20, as: .lz4)
    var output: [UInt8] = []
    #expect(throws: FileError.self) { try stream.next(into: &output) }
    #expect(stream.position < 1 << 20)
  }

  @Test func frames_of_zstd_follow_each_other() throws {
    let bytes = try #require(Self.packed.first { $0.0 == .zstd }?.1)
    #expect(try unpack(bytes + bytes, .zstd) == InflateTests.plain + InflateTests.plain)
  }

  @Test func more_than_the_limit_is_refused() {
    for (format, bytes) in Self.packed { #expect(throws: FileError.self) { try unpack(bytes, format, limit: 24) } }
  }

  @Test("a stream cut at any length is refused, but where LZ4 knows no end")
  func cut() {
    for (format, bytes) in Self.packed {
      for length in 0..<bytes.count where !(format == .lz4 && length == 4) {
        #expect(throws: FileError.self) { try unpack(Array(bytes.prefix(length)), format) }
      }
    }
  }

  @Test func changed_bytes_never_give_more_than_the_limit() {
    for (format, bytes) in Self.packed {
      for place in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[place] ^= 1 << bit
          let result = try? unpack(changed, format, limit: 64)
          #expect((result?.count ?? 0) <= 64)
        }
      }
    }
  }
}
