import GuestRAM

/// A ring that a correct driver does not produce. The device stops until it is reset.
public enum QueueError: Error, Equatable, Sendable {
  /// More new chains than the ring has places.
  case availableIndex
  /// A head or a link names a descriptor that does not exist.
  case descriptorIndex
  /// A chain has more descriptors than its table, or than we take.
  case chainTooLong
  /// An indirect table where none may be, or of a wrong size.
  case indirect
  /// A buffer for the driver comes after one for the device.
  case order
  /// More than 4 GiB in one chain.
  case length
  /// A ring or buffer is not wholly RAM.
  case memory
  /// No place for the answer that this request must have.
  case noAnswer

  init(_: GuestMemoryError) { self = .memory }
}
