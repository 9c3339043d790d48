internal import Synchronization

/// The width of a general operand, with the host's atomic step for LOCK.
protocol RegisterWidth: FixedWidthInteger, UnsignedInteger, BitwiseCopyable {
  /// Puts `new` where `old` still is.
  static func exchange(at p: UnsafeMutableRawPointer, _ old: Self, for new: Self) -> Bool
}
extension UInt8: RegisterWidth {
  @inline(__always) static func exchange(at p: UnsafeMutableRawPointer, _ old: UInt8, for new: UInt8) -> Bool {
    unsafe p.assumingMemoryBound(to: Atomic<UInt8>.self).pointee
      .compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
  }
}
extension UInt16: RegisterWidth {
  @inline(__always) static func exchange(at p: UnsafeMutableRawPointer, _ old: UInt16, for new: UInt16) -> Bool {
    unsafe p.assumingMemoryBound(to: Atomic<UInt16>.self).pointee
      .compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
  }
}
extension UInt32: RegisterWidth {
  @inline(__always) static func exchange(at p: UnsafeMutableRawPointer, _ old: UInt32, for new: UInt32) -> Bool {
    unsafe p.assumingMemoryBound(to: Atomic<UInt32>.self).pointee
      .compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
  }
}
extension UInt64: RegisterWidth {
  @inline(__always) static func exchange(at p: UnsafeMutableRawPointer, _ old: UInt64, for new: UInt64) -> Bool {
    unsafe p.assumingMemoryBound(to: Atomic<UInt64>.self).pointee
      .compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
  }
}
