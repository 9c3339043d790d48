/// One thing that the board hands to its firmware, by its fixed key or by name.
public struct FirmwareItem<Content: FirmwareContent>: Sendable {
  public enum Name: Hashable, Sendable {
    case key(UInt16)
    case file(String)
  }

  public var name: Name
  public var content: Content

  public init(_ name: Name, _ content: Content) {
    self.name = name
    self.content = content
  }
}
