import CLZ4

/// Blocks of LZ4 with their sizes before them, as `lz4 -l` writes and Linux packs its kernel.
@safe final class LZ4Stream: Codec {
  private static let magic: UInt32 = 0x184C_2102
  /// Every block but the last is so large, unpacked.
  static let blockSize = 8 << 20
  private var isBegun = false

  func step(_ input: inout ArraySlice<UInt8>, into output: inout [UInt8], limit: Int) -> CodecStep {
    guard !input.isEmpty else { return isBegun ? .pause : .more }
    guard let word = Self.word(input) else { return .needs(4 - input.count) }
    if word == Self.magic {
      isBegun = true
      input.removeFirst(4)
      return .more
    }
    // Nothing grows beyond that when it is packed, so that nobody waits for more.
    guard isBegun, let size = Int32(exactly: word), size > 0, size <= LZ4_compressBound(Int32(Self.blockSize)) else { return .damaged }
    let block = input.dropFirst(4).prefix(Int(size))
    guard block.count == Int(size) else { return .needs(Int(size) - block.count) }
    input.removeFirst(4 + Int(size))
    var result: Int32 = 0
    unsafe output.append(limit: min(limit, Self.blockSize)) { room in
      unsafe block.withUnsafeBytes { source in
        unsafe source.withMemoryRebound(to: CChar.self) { source in
          unsafe room.withMemoryRebound(to: CChar.self) { room in
            guard let from = source.baseAddress, let to = room.baseAddress else { return }
            unsafe result = LZ4_decompress_safe(from, to, size, Int32(room.count))
          }
        }
      }
      return Int(max(result, 0))
    }
    return result > 0 ? .more : .damaged
  }

  private static func word(_ input: ArraySlice<UInt8>) -> UInt32? {
    guard input.count >= 4 else { return nil }
    return input.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
