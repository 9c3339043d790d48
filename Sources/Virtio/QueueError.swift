/// A ring that a correct driver does not produce. The device stops until it is reset.
public enum QueueError: Error, Equatable, Sendable, CustomStringConvertible {
  /// More new chains than the ring has places.
  case availableIndex
  /// A head or a link names a descriptor that does not exist.
  case descriptorIndex
  /// A chain has more descriptors than its table, or than we take.
  case chainTooLong
  /// An indirect table where none may be, or of a wrong size.
  case indirect
  /// A buffer for the device to read comes after one for it to write.
  case order
  /// More than 4 GiB in one chain.
  case length
  /// A ring or buffer is not wholly RAM.
  case memory
  /// No place for the answer that this request must have.
  case noAnswer

  public var description: String {
    switch self {
    case .availableIndex: "more chains are available than the ring has places"
    case .descriptorIndex: "a descriptor is named that does not exist"
    case .chainTooLong: "a chain is longer than its table, or than 1024 descriptors"
    case .indirect: "an indirect table is where none may be, or has a wrong size"
    case .order: "a buffer for the device to read comes after one for it to write"
    case .length: "a chain has more than 4 GiB"
    case .memory: "a ring or a buffer is not wholly RAM"
    case .noAnswer: "a request leaves no place for its answer"
    }
  }
}
