public import Primitives

/// Guest RAM as a bus master reaches it. Whatever is not RAM, all of it, is out of reach.
public protocol DirectMemory: AnyObject, Sendable {
  func contains(_ address: GuestAddress, count: Int) -> Bool
  /// A private copy, or nil.
  func copy(_ count: Int, from address: GuestAddress) -> [UInt8]?
  /// False if nothing was written.
  func put(_ bytes: [UInt8], at address: GuestAddress) -> Bool
}
