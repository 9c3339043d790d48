public import Primitives

/// Guest RAM in which a driver and a device share rings: numbers are read and written at once, and in a known order.
public protocol RingMemory: DirectMemory {
  /// A number of 1, 2, 4 or 8 bytes, or nil where it is not wholly RAM.
  func number(_ byteCount: Int, at address: GuestAddress) -> UInt64?
  /// Stores 1, 2, 4 or 8 bytes of a number. False if nothing was written.
  func setNumber(_ value: UInt64, _ byteCount: Int, at address: GuestAddress) -> Bool
  /// A ring's index, before whatever it makes visible is read.
  func ringIndex(at address: GuestAddress) -> UInt16?
  /// A ring's index, after everything that it makes visible was written. False if nothing was written.
  func setRingIndex(_ value: UInt16, at address: GuestAddress) -> Bool
  /// Orders a write before the look at whether the other side wants to be told of it.
  func fence()
}
