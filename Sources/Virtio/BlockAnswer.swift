/// How a request to a disk ended.
public struct BlockAnswer: Sendable {
  public let token: UInt64
  public let isGood: Bool

  public init(to request: BlockRequest, isGood: Bool) {
    token = request.token
    self.isGood = isGood
  }
}
