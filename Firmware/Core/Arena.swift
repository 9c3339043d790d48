internal import Primitives

/// Memory that is given away from its beginning on, and never comes back.
struct Arena {
  private(set) var next: GuestAddress
  let last: GuestAddress

  init(_ range: MemoryRange) {
    next = range.first
    last = range.last
  }

  /// So many bytes at a multiple of a power of two; nil if there is no room.
  mutating func take(_ count: UInt32, alignment: UInt32) -> GuestAddress? {
    guard alignment > 0, alignment & (alignment &- 1) == 0 else { return nil }
    let start = next.value.roundedUp(toMultipleOf: UInt64(alignment))
    guard start + UInt64(count) <= last.value + 1 else { return nil }
    next = GuestAddress(start + UInt64(count))
    return GuestAddress(start)
  }
}
