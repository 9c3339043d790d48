/// Some bytes of guest memory that are read or written as one.
public struct MemorySegment: Equatable, Sendable {
  public var address: GuestAddress
  public var count: Int

  public init(address: GuestAddress, count: Int) {
    self.address = address
    self.count = count
  }
}

extension ArraySlice<MemorySegment> {
  /// Of all together.
  public var byteCount: Int { reduce(0) { $0 + $1.count } }

  /// The part from `skip` on, of at most `limit` bytes.
  public func bytes(from skip: Int, count limit: Int = .max) -> Self {
    var start = startIndex
    var skip = skip
    while start < endIndex, skip >= self[start].count {
      skip -= self[start].count
      start += 1
    }
    var end = start
    var left = limit
    /// What the last one has too much.
    var excess = 0
    while end < endIndex, left > 0 {
      let count = end == start ? self[end].count - skip : self[end].count
      excess = Swift.max(count - left, 0)
      left -= count - excess
      end += 1
    }
    var part = self[start..<end]
    guard !part.isEmpty else { return part }
    // To change one is to copy them all.
    if excess > 0 { part[end - 1].count -= excess }
    if skip > 0 {
      part[start].address = part[start].address + skip
      part[start].count -= skip
    }
    return part
  }
}
