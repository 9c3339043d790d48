/// A folder of the host that a guest sees.
public struct Share: Equatable, Sendable {
  public var path: String
  public var isReadOnly: Bool
  public var added: AddedFiles?

  public init(path: String, isReadOnly: Bool, adding added: AddedFiles? = nil) {
    self.path = path
    self.isReadOnly = isReadOnly
    self.added = added
  }
}
