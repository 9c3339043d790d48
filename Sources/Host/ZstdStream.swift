import CZstd

/// A Zstandard stream, its window bounded by the library's default of 128 MiB.
@safe final class ZstdStream: Codec {
  private nonisolated(unsafe) let context: OpaquePointer

  init?() {
    guard let context = unsafe ZSTD_createDStream() else { return nil }
    unsafe self.context = context
  }

  deinit { unsafe ZSTD_freeDStream(context) }

  func step(_ input: inout ArraySlice<UInt8>, into output: inout [UInt8], limit: Int) -> CodecStep {
    var result = 1
    var taken = 0
    unsafe output.append(limit: limit) { room in
      unsafe input.withUnsafeBytes { source in
        var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var to = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        while unsafe to.pos < to.size {
          let before = unsafe (from.pos, to.pos)
          unsafe result = ZSTD_decompressStream(context, &to, &from)
          if ZSTD_isError(result) != 0 || result == 0 { break }
          if unsafe before == (from.pos, to.pos) { break }
        }
        unsafe taken = from.pos
        return unsafe to.pos
      }
    }
    input.removeFirst(taken)
    if ZSTD_isError(result) != 0 { return .damaged }
    // A file may hold one frame after the other.
    return result == 0 ? .pause : .more
  }
}
