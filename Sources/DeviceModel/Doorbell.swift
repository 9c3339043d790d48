public import Primitives

/// An address where any write, of whatever value, says the same: "look". Nobody needs to wait for the answer.
public struct Doorbell: Sendable {
  public let address: GuestAddress
  /// The name of the device that it belongs to.
  public let owner: String
  /// What the write does. May be called from any thread that may wait for the host: it may have to, for this owner's sake.
  public let ring: @Sendable () -> Void

  public init(at address: GuestAddress, of owner: String, ring: @escaping @Sendable () -> Void) {
    self.address = address
    self.owner = owner
    self.ring = ring
  }
}
