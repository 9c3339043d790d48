/// Something of the host that firmware reads piece by piece, so that nobody holds all of it.
public protocol FirmwareSource: AnyObject, Sendable {
  var count: Int { get }
  /// It has no more than that, which is known before its bytes are there.
  var largestCount: Int { get }
  /// The bytes of a range below `count`; fewer where the host cannot read them any more.
  func bytes(_ range: Range<Int>) -> [UInt8]
}

extension FirmwareSource {
  public var largestCount: Int { count }
}

/// What firmware reads under one key.
public enum FirmwareContent: Sendable {
  case bytes([UInt8])
  case source(any FirmwareSource)
  case directory(FirmwareDirectory)

  public var count: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .source(let source): source.count
    case .directory(let directory): directory.byteCount
    }
  }

  var largestCount: Int { if case .source(let source) = self { source.largestCount } else { count } }

  /// The bytes of a range below `count`, zeros for those that the host cannot read.
  public func bytes(_ range: Range<Int>) -> [UInt8] {
    switch self {
    case .bytes(let bytes): return Array(bytes[range])
    case .directory(let directory): return Array(directory.encoded[range])
    case .source(let source):
      let bytes = Array(source.bytes(range).prefix(range.count))
      return bytes + [UInt8](repeating: 0, count: range.count - bytes.count)
    }
  }
}
