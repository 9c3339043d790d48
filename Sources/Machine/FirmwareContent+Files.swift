internal import Devices

/// What firmware reads piece by piece, so that nobody holds all of a file.
extension FirmwareContent {
  init(_ file: FilePart) { self.init(atMost: file.count, count: { file.count }, bytes: file.bytes) }

  /// The pieces of a kernel one after the other.
  init(_ parts: JoinedParts) { self.init(atMost: parts.count, count: { parts.count }, bytes: parts.bytes) }

  /// Made when firmware looks. None is larger than a MiB.
  init(_ made: MadeOnce<[UInt8]>) { self.init(atMost: 1 << 20, count: { made.value.count }, bytes: { Array(made.value[$0]) }) }
}
