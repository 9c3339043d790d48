/// Where the host has code of its own for code of the guest.
public struct CodePlace: Equatable, Sendable {
  public let host: Range<UInt64>
  /// The linear address of the guest's code; nil where the host's code belongs to no one place in the guest.
  public let guest: UInt64?

  public init(host: Range<UInt64>, guest: UInt64?) {
    self.host = host
    self.guest = guest
  }
}
