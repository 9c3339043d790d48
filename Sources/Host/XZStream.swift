import CLZMA

/// An xz stream with whatever filters it names (Linux' kernels use the one for x86 code).
@safe final class XZStream: Codec {
  private nonisolated(unsafe) var stream = unsafe lzma_stream()
  /// Dictionaries of the strongest presets need 65 MiB.
  private static let memoryLimit: UInt64 = 256 << 20

  init?() {
    guard unsafe lzma_stream_decoder(&stream, Self.memoryLimit, 0) == LZMA_OK else { return nil }
  }

  deinit { unsafe lzma_end(&stream) }

  func step(_ input: inout ArraySlice<UInt8>, into output: inout [UInt8], limit: Int) -> CodecStep {
    var result = LZMA_OK
    var taken = 0
    unsafe output.append(limit: limit) { room in
      unsafe input.withUnsafeBufferPointer { source in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = source.count
        unsafe stream.next_out = room.baseAddress
        unsafe stream.avail_out = room.count
        unsafe result = lzma_code(&stream, LZMA_RUN)
        unsafe taken = source.count - stream.avail_in
        return unsafe limit - stream.avail_out
      }
    }
    input.removeFirst(taken)
    if result == LZMA_STREAM_END { return .end }
    // A full output or an empty input is no damage (LZMA_BUF_ERROR).
    return result == LZMA_OK || result == LZMA_BUF_ERROR ? .more : .damaged
  }
}
