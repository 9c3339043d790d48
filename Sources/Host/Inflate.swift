import CZlib

/// One compressed stream being read; its output never exceeds what the caller offers.
@safe final class InflateStream {
  enum Format: Int32 {
    /// Without header and checksum, as in disk images.
    case deflate = -15
    case zlib = 15
    case gzip = 31
  }
  enum Step: Equatable {
    case more
    case end
    case damaged
  }

  private nonisolated(unsafe) var stream = unsafe z_stream()

  init?(_ format: Format) {
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(&stream, format.rawValue, ZLIB_VERSION, size) == Z_OK else { return nil }
  }

  deinit { unsafe inflateEnd(&stream) }

  /// Takes what it can from the front of `input` and appends at most `limit` bytes to `output`.
  func step(_ input: inout [UInt8], into output: inout [UInt8], limit: Int) -> Step {
    var code = Z_OK
    var taken = 0
    let produced = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      unsafe input.withUnsafeMutableBufferPointer { source in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = buffer.baseAddress
        unsafe stream.avail_out = UInt32(limit)
        unsafe code = inflate(&stream, Z_NO_FLUSH)
        unsafe taken = source.count - Int(stream.avail_in)
        unsafe count = limit - Int(stream.avail_out)
      }
    }
    input.removeFirst(taken)
    output += produced
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
    var input = bytes
    var output: [UInt8] = []
    let step = stream.step(&input, into: &output, limit: count + 1)
    guard step != .damaged, output.count == count else { return nil }
    return output
  }
}

extension HostFile {
  /// What a gzip stream at `offset` of this file holds, as a nameless file of at most `limit` bytes.
  public func inflated(at offset: UInt64, count: UInt64, limit: UInt64) throws(FileError) -> HostFile {
    guard let stream = InflateStream(.gzip) else { throw FileError(path: path, .damagedCompression) }
    let end = min(size, offset.addingReportingOverflow(count).overflow ? .max : offset + count)
    var position = offset
    var written: UInt64 = 0
    var input: [UInt8] = []
    var output: [UInt8] = []
    var step = InflateStream.Step.more
    let target: Descriptor
    do throws(SystemError) { target = try Descriptor.memory("inflated") } catch {
      throw FileError(path: path, .system(error))
    }
    while step == .more {
      if input.isEmpty, position < end {
        input = try bytes(at: position, count: Int(min(end - position, 1 << 16)))
        position += UInt64(input.count)
      }
      let before = input.count
      output.removeAll(keepingCapacity: true)
      step = stream.step(&input, into: &output, limit: 1 << 18)
      // Neither progress nor input left: the stream was cut off.
      guard step != .damaged, step == .end || !output.isEmpty || input.count < before else {
        throw FileError(path: path, .damagedCompression)
      }
      guard UInt64(output.count) <= limit - written else { throw FileError(path: path, .tooLarge(limit: limit)) }
      do throws(SystemError) { try target.write(output, at: written) } catch {
        throw FileError(path: path, .system(error))
      }
      written += UInt64(output.count)
    }
    return HostFile(path: path, memory: target, size: written)
  }
}
