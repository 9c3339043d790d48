/// A mistake on the command line: what, and what to do instead.
public struct UsageError: Error, Equatable {
  public let message: String
  /// Where a report was wished for.
  public var report: String?
}
