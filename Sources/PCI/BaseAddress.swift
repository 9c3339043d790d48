public import Primitives

/// A 32-bit memory window of a function.
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

  /// Where the window is; nil while memory decoding is off or it is not placed.
  public func place(in space: ConfigurationSpace) -> GuestAddress? {
    // Zero is "not placed yet"; firmware sizes windows with decoding on.
    let base = space.value(UInt32.self, at: offset) & ~0xF
    return space.decodesMemory && base != 0 ? GuestAddress(UInt64(base)) : nil
  }

  /// The window itself; nil while it is nowhere.
  public func window(in space: ConfigurationSpace) -> PCIWindow? {
    place(in: space).map { PCIWindow(bar: index, MemoryRange($0, count: UInt64(byteCount))) }
  }
}
