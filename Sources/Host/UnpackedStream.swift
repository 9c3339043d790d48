/// What a compressed part of a file holds, a chunk at a time.
public final class UnpackedStream {
  /// How much of the file is read at a time, at least.
  private static let piece = 1 << 18

  private let file: HostFile
  private let codec: any Codec
  private let chunk: Int
  private(set) var position: UInt64
  private let end: UInt64
  /// What was read last, and how much of it is unpacked.
  private var input: [UInt8] = []
  private var taken = 0
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
      switch step(into: &output) {
      case .end: isOver = true
      case .pause where taken == input.count: isOver = try !readMore()
      case .pause, .more: break
      // Without more to come, a stream that is not over was cut off.
      case .needs(let count): guard try readMore(count) else { fallthrough }
      case .damaged: throw FileError(path: file.path, .damagedCompression)
      }
    }
  }

  /// One step of the codec; it needs more where nothing came of it.
  private func step(into output: inout [UInt8]) -> CodecStep {
    let before = taken
    var rest = input[taken...]
    let step = codec.step(&rest, into: &output, limit: chunk)
    taken = rest.startIndex
    guard output.isEmpty, taken == before else { return step }
    switch step {
    case .pause where taken == input.count: return .pause
    case .more, .pause: return .needs(1)
    default: return step
    }
  }

  /// False at the end.
  private func readMore(_ count: Int = 1) throws(FileError) -> Bool {
    input.removeSubrange(..<taken)
    taken = 0
    let before = input.count
    try file.append(Int(min(UInt64(max(Self.piece, count)), end - position)), at: position, to: &input)
    position += UInt64(input.count - before)
    return input.count > before
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
