/// Fields of registers, by bit number.
extension FixedWidthInteger where Self: UnsignedInteger {
  @inlinable public subscript(bit index: Int) -> Bool {
    get { self >> Self(truncatingIfNeeded: index) & 1 == 1 }
    set {
      let mask = Self(1) << Self(truncatingIfNeeded: index)
      self = newValue ? self | mask : self & ~mask
    }
  }

  @inlinable public subscript(bits range: ClosedRange<Int>) -> Self {
    get { self >> Self(truncatingIfNeeded: range.lowerBound) & Self.ones(range.count) }
    set {
      let mask = Self.ones(range.count) << Self(truncatingIfNeeded: range.lowerBound)
      self = self & ~mask | newValue << Self(truncatingIfNeeded: range.lowerBound) & mask
    }
  }

  @inlinable static func ones(_ count: Int) -> Self {
    count >= Self.bitWidth ? Self.max : (Self(1) << Self(truncatingIfNeeded: count)) &- 1
  }

  /// This value rounded up to a multiple of a power of two; wraps like hardware.
  @inlinable public func roundedUp(toMultipleOf alignment: Self) -> Self {
    (self &+ alignment &- 1) & ~(alignment &- 1)
  }
}
