/// A folder of the host that a guest sees.
public struct Share: Equatable, Sendable {
  public var path: String
  public var isReadOnly: Bool

  public init(path: String, isReadOnly: Bool) {
    self.path = path
    self.isReadOnly = isReadOnly
  }
}
