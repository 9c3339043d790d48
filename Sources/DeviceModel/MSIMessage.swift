/// A memory write that is an interrupt.
public struct MSIMessage: Hashable, Sendable {
  public var address: UInt64
  public var data: UInt32

  public init(address: UInt64, data: UInt32) {
    self.address = address
    self.data = data
  }
}
