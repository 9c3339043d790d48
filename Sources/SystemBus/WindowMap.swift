public import Primitives

/// Which of several windows of memory answers for an address. It is made anew when a window moves, and otherwise only
/// read: where windows overlap, the first of them answers.
public struct WindowMap<Owner: Sendable>: Sendable {
  /// A stretch of addresses that one window has to itself.
  private struct Piece: Sendable {
    let range: MemoryRange
    let window: MemoryRange
    let owner: Owner
  }

  private var pieces: [Piece] = []

  public init(_ windows: [(range: MemoryRange, owner: Owner)] = []) {
    for (range, owner) in windows {
      for free in gaps(in: range) { pieces.append(Piece(range: free, window: range, owner: owner)) }
      pieces.sort { $0.range.first < $1.range.first }
    }
  }

  /// What of a range no window has yet.
  private func gaps(in range: MemoryRange) -> [MemoryRange] {
    var gaps: [MemoryRange] = []
    var start = range.first
    for piece in pieces where piece.range.overlaps(range) {
      if piece.range.first > start { gaps.append(MemoryRange(start, through: GuestAddress(piece.range.first.value - 1))) }
      guard piece.range.last < range.last else { return gaps }
      start = piece.range.last + 1
    }
    gaps.append(MemoryRange(start, through: range.last))
    return gaps
  }

  /// Whose window begins to answer at an address, and at which offset; nil if there is none, or if the access leaves it.
  public func find(_ address: GuestAddress, count: Int) -> (owner: Owner, offset: Int)? {
    let place = pieces.firstIndexBehind { $0.range.last < address }
    guard place < pieces.count, pieces[place].range.contains(address) else { return nil }
    let window = pieces[place].window
    let offset = address.value - window.first.value
    guard window.count - offset >= UInt64(truncatingIfNeeded: count) else { return nil }
    return (pieces[place].owner, Int(truncatingIfNeeded: offset))
  }
}
