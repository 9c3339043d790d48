/// What a compressed part of a file holds, a chunk at a time.
public final class UnpackedStream {
  private let path: String
  private let codec: any Codec
  private let chunk: Int
  private var input: ArraySlice<UInt8>
  private var isOver = false

  /// - Parameter count: must be what memory can hold; at the end of the file it may be too much.
  public init(_ file: HostFile, at offset: UInt64, count: UInt64, as format: Compression) throws(FileError) {
    let bytes = try file.bytes(at: offset, count: Int(truncatingIfNeeded: min(count, file.size)))
    guard let codec = format.makeCodec() else { throw FileError(path: file.path, .damagedCompression) }
    self.codec = codec
    path = file.path
    chunk = format.chunk
    input = bytes[...]
  }

  /// The next bytes; none at the end.
  public func next() throws(FileError) -> [UInt8] {
    var output: [UInt8] = []
    while output.isEmpty, !isOver {
      let before = input.count
      switch codec.step(&input, into: &output, limit: chunk) {
      case .end: isOver = true
      // Neither progress nor input left: the stream was cut off.
      case .more where !output.isEmpty || input.count < before: break
      default: throw FileError(path: path, .damagedCompression)
      }
    }
    return output
  }
}

extension HostFile {
  /// What a compressed part of this file holds, as a nameless file of at most `limit` bytes.
  public func unpacked(at offset: UInt64, count: UInt64, as format: Compression, limit: UInt64) throws(FileError) -> HostFile {
    // What is packed is read at once; packing makes nothing much larger than it was.
    guard min(count, size) <= max(limit, 1 << 20) else { throw FileError(path: path, .tooLarge(limit: limit)) }
    let stream = try UnpackedStream(self, at: offset, count: count, as: format)
    var written: UInt64 = 0
    let target: Descriptor
    do throws(SystemError) { target = try Descriptor.memory("unpacked") } catch {
      throw FileError(path: path, .system(error))
    }
    while true {
      let output = try stream.next()
      if output.isEmpty { break }
      guard UInt64(output.count) <= limit - written else { throw FileError(path: path, .tooLarge(limit: limit)) }
      do throws(SystemError) { try target.write(output, at: written) } catch {
        throw FileError(path: path, .system(error))
      }
      written += UInt64(output.count)
    }
    return HostFile(path: path, memory: target, size: written)
  }
}
