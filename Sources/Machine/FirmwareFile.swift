internal import Devices

/// Something that firmware reads piece by piece, so that nobody holds all of a file.
enum FirmwareFile: FirmwareContent {
  case bytes([UInt8])
  /// Made when firmware looks. None is larger than a MiB.
  case made(MadeOnce<[UInt8]>)
  case file(FilePart)
  /// The pieces of a kernel one after the other.
  case joined(JoinedParts)

  init(_ bytes: [UInt8]) { self = .bytes(bytes) }

  var count: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .made(let made): made.value.count
    case .file(let file): file.count
    case .joined(let parts): parts.count
    }
  }

  var largestCount: Int { if case .made = self { 1 << 20 } else { count } }

  func bytes(_ range: Range<Int>) -> [UInt8] {
    switch self {
    case .bytes(let bytes): Array(bytes[range])
    case .made(let made): Array(made.value[range])
    case .file(let file): file.bytes(range)
    case .joined(let parts): parts.bytes(range)
    }
  }
}
