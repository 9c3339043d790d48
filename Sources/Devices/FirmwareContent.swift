/// What firmware reads under one key: how much that is, and the way to its bytes.
public struct FirmwareContent: Sendable {
  /// It has no more than that, which is known before its bytes are there.
  let largestCount: Int
  private let measure: @Sendable () -> Int
  private let read: @Sendable (Range<Int>) -> [UInt8]

  /// - Parameters:
  ///   - count: asked when firmware wants to know.
  ///   - bytes: those of a range below the count; fewer where the host cannot read them any more.
  public init(atMost largestCount: Int, count: @escaping @Sendable () -> Int, bytes: @escaping @Sendable (Range<Int>) -> [UInt8]) {
    self.largestCount = largestCount
    measure = count
    read = bytes
  }

  public init(_ bytes: [UInt8]) { self.init(atMost: bytes.count, count: { bytes.count }, bytes: { Array(bytes[$0]) }) }

  public var count: Int { measure() }
  public func bytes(_ range: Range<Int>) -> [UInt8] { read(range) }
}
