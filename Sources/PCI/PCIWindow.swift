public import Primitives

/// A window of a function: addresses behind one of its base addresses.
public struct PCIWindow: Equatable, Sendable {
  public let bar: Int
  public let range: MemoryRange

  public init(bar: Int, _ range: MemoryRange) {
    self.bar = bar
    self.range = range
  }
}
