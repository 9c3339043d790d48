/// What a compressed part of a file holds, a chunk at a time.
public final class UnpackedStream {
  /// How much of the file is read at a time, at least.
  private static let piece = 1 << 18

  private let file: HostFile
  private let codec: any Codec
  private let chunk: Int
  private(set) var position: UInt64
  private let end: UInt64
  /// What was read and not unpacked yet.
  private var input: ArraySlice<UInt8> = []
  private var isOver = false

  /// - Parameter count: at the end of the file it may be too much.
  public init(_ file: HostFile, at offset: UInt64, count: UInt64, as format: Compression) throws(FileError) {
    guard let codec = format.makeCodec() else { throw FileError(path: file.path, .damagedCompression) }
    self.file = file
    self.codec = codec
    chunk = format.chunk
    position = min(offset, file.size)
    end = position + min(count, file.size - position)
  }

  /// The next bytes in place of those that `output` has; none at the end.
  public func next(into output: inout [UInt8]) throws(FileError) {
    output.removeAll(keepingCapacity: true)
    while output.isEmpty, !isOver {
      let before = input.count
      switch codec.step(&input, into: &output, limit: chunk) {
      case .end: isOver = true
      case .pause where input.isEmpty: isOver = try !readMore()
      case .pause, .more:
        guard output.isEmpty, input.count == before else { break }
        // Without more to come, a stream that is not over was cut off.
        guard try readMore() else { fallthrough }
      case .damaged: throw FileError(path: file.path, .damagedCompression)
      }
    }
  }

  /// Twice as much each time, for a block that has to be there as a whole; false at the end.
  private func readMore() throws(FileError) -> Bool {
    let bytes = try file.bytes(at: position, count: Int(min(UInt64(max(Self.piece, input.count)), end - position)))
    position += UInt64(bytes.count)
    input = (input.isEmpty ? bytes : input + bytes)[...]
    return !bytes.isEmpty
  }
}

extension HostFile {
  /// What a compressed part of this file holds, as a nameless file of at most `limit` bytes.
  public func unpacked(at offset: UInt64, count: UInt64, as format: Compression, limit: UInt64) throws(FileError) -> HostFile {
    let stream = try UnpackedStream(self, at: offset, count: count, as: format)
    var written: UInt64 = 0
    let target: Descriptor
    do throws(SystemError) { target = try Descriptor.memory("unpacked") } catch {
      throw FileError(path: path, .system(error))
    }
    var output: [UInt8] = []
    while true {
      try stream.next(into: &output)
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
