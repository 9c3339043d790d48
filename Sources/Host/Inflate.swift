import CZlib

/// A deflate stream in one of its wrappings.
@safe final class InflateStream: Codec {
  enum Format: Int32 {
    /// Without header and checksum, as in disk images.
    case deflate = -15
    case zlib = 15
    case gzip = 31
  }

  private nonisolated(unsafe) var stream = unsafe z_stream()

  init?(_ format: Format) {
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(&stream, format.rawValue, ZLIB_VERSION, size) == Z_OK else { return nil }
  }

  deinit { unsafe inflateEnd(&stream) }

  func step(_ input: inout ArraySlice<UInt8>, into output: inout [UInt8], limit: Int) -> CodecStep {
    var code = Z_OK
    var taken = 0
    unsafe output.append(limit: limit) { room in
      unsafe input.withUnsafeMutableBufferPointer { source in
        let offered = UInt32(clamping: source.count)
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = offered
        unsafe stream.next_out = room.baseAddress
        unsafe stream.avail_out = UInt32(clamping: limit)
        unsafe code = inflate(&stream, Z_NO_FLUSH)
        unsafe taken = Int(offered - stream.avail_in)
        return unsafe limit - Int(stream.avail_out)
      }
    }
    input.removeFirst(taken)
    if code == Z_STREAM_END { return .end }
    // A full output or an empty input is no damage (Z_BUF_ERROR).
    return code == Z_OK || code == Z_BUF_ERROR ? .more : .damaged
  }
}

/// Decompression with an output that is bounded beforehand.
public enum Inflate {
  /// A raw deflate stream that must give exactly `count` bytes; nil if it does not.
  public static func deflate(_ bytes: [UInt8], exactly count: Int) -> [UInt8]? {
    guard count >= 0, bytes.count <= Int(UInt32.max), count < Int(UInt32.max), let stream = InflateStream(.deflate) else {
      return nil
    }
    var input = bytes[...]
    var output: [UInt8] = []
    let step = stream.step(&input, into: &output, limit: count + 1)
    guard step != .damaged, output.count == count else { return nil }
    return output
  }
}
