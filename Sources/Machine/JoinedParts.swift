internal import Boot
internal import Devices

/// Bytes and parts of files one after the other.
struct JoinedParts: Sendable {
  let count: Int
  /// Each with its place, in order.
  private let parts: [(start: Int, content: FirmwareContent)]

  init(_ stream: [MultibootKernel.Content]) {
    var (parts, count): ([(start: Int, content: FirmwareContent)], Int) = ([], 0)
    for piece in stream {
      let content: FirmwareContent
      switch piece {
      case .bytes(let bytes): content = FirmwareContent(bytes)
      case .file(let file, let start, let size): content = FirmwareContent(FilePart(file, from: start, size: size))
      }
      parts.append((count, content))
      count += content.count
    }
    self.parts = parts
    self.count = count
  }

  func bytes(_ range: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    for part in parts where part.start < range.upperBound {
      let first = max(range.lowerBound - part.start, 0)
      let end = min(range.upperBound - part.start, part.content.count)
      if first < end { bytes += part.content.bytes(first..<end) }
    }
    return bytes
  }
}
