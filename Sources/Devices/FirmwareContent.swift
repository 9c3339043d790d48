/// What firmware reads under one key.
public protocol FirmwareContent: Sendable {
  init(_ bytes: [UInt8])
  var count: Int { get }
  /// It has no more than that, which is known before its bytes are there.
  var largestCount: Int { get }
  /// The bytes of a range below `count`; fewer where the host cannot read them any more.
  func bytes(_ range: Range<Int>) -> [UInt8]
}

extension [UInt8]: FirmwareContent {
  public var largestCount: Int { count }
  public func bytes(_ range: Range<Int>) -> [UInt8] { Array(self[range]) }
}
