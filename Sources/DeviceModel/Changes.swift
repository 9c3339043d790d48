/// What a cycle has changed that others depend on. Each looks for itself how it is now.
public struct Changes: OptionSet, Sendable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The device's deadline; its slot notices.
  public static let deadline = Changes(rawValue: 1 << 0)
  /// The device has work that may take long, or room for more input: whoever serves it should look.
  public static let work = Changes(rawValue: 1 << 1)
  /// What the guest sees as RAM or ROM.
  public static let memoryMap = Changes(rawValue: 1 << 2)
  /// Windows of PCI functions, and with them the doorbells in them.
  public static let windows = Changes(rawValue: 1 << 3)
  /// An address that the ACPI tables publish.
  public static let tables = Changes(rawValue: 1 << 4)
}
