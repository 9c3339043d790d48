/// One thing that the board hands to its firmware, by its fixed key or by name.
public struct FirmwareItem: Sendable {
  public enum Name: Hashable, Sendable {
    case key(UInt16)
    case file(String)
  }

  public var name: Name
  public var content: FirmwareContent

  public init(_ name: Name, _ content: FirmwareContent) {
    self.name = name
    self.content = content
  }

  public init(_ name: Name, _ bytes: [UInt8]) { self.init(name, FirmwareContent(bytes)) }
}
