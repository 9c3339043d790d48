internal import Devices
internal import Host
internal import Synchronization

/// What firmware reads piece by piece, so that nobody holds all of a file.
extension FirmwareContent {
  init(_ file: FilePart) { self.init(atMost: file.count, count: { file.count }, bytes: file.bytes) }

  /// The pieces of a kernel one after the other.
  init(_ parts: JoinedParts) { self.init(atMost: parts.count, count: { parts.count }, bytes: parts.bytes) }

  /// Made when firmware looks. None is larger than a MiB.
  init(_ late: LateBytes) { self.init(atMost: 1 << 20, count: { late.bytes.count }, bytes: { Array(late.bytes[$0]) }) }
}

/// Bytes that are made when somebody looks, and kept.
final class LateBytes: Sendable {
  private let make: @Sendable () -> [UInt8]
  private let made = Mutex<[UInt8]?>(nil)

  init(_ make: @escaping @Sendable () -> [UInt8]) { self.make = make }

  var bytes: [UInt8] { made.made(by: make) }
}
