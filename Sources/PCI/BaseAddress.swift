/// A 32-bit, non-prefetchable memory window of a function.
public struct BaseAddress: Sendable {
  public let index: Int
  public let byteCount: UInt32

  init(index: Int, byteCount: UInt32) {
    precondition((0..<6).contains(index), "a function has six base addresses")
    precondition(byteCount >= 16 && byteCount.nonzeroBitCount == 1, "a window's size is a power of two")
    self.index = index
    self.byteCount = byteCount
  }

  var offset: Int { ConfigurationSpace.Register.firstBaseAddress + index * 4 }

  /// The offset into the window of an access that lies wholly inside, while memory decoding is on.
  public func decode(_ address: UInt64, count: Int, in space: ConfigurationSpace) -> Int? {
    guard space.decodesMemory else { return nil }
    let base = UInt64(space.value(UInt32.self, at: offset))
    // Zero is "not placed yet"; firmware sizes windows with decoding on.
    guard base != 0, address >= base else { return nil }
    let start = address - base
    guard start < UInt64(byteCount), UInt64(byteCount) - start >= UInt64(truncatingIfNeeded: count) else { return nil }
    return Int(start)
  }
}
