/// How a request to a disk ended.
public struct BlockAnswer: Sendable {
  public let token: UInt64
  /// What is an I/O error for the guest, in words for the user; nil if all went well.
  public let flaw: String?

  public init(to request: BlockRequest, flaw: String? = nil) {
    token = request.token
    self.flaw = flaw
  }
}
