public import Primitives

/// An address where any write, of whatever value, says the same: "look". Nobody needs to wait for the answer.
public struct Doorbell: Sendable {
  public let address: GuestAddress
  /// What the write does. May be called from any thread.
  public let ring: @Sendable () -> Void

  public init(at address: GuestAddress, ring: @escaping @Sendable () -> Void) {
    self.address = address
    self.ring = ring
  }
}
