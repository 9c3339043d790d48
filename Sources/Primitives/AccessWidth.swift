/// How many bytes one bus access moves.
public enum AccessWidth: Int, Sendable, CaseIterable {
  case byte = 1
  case word = 2
  case dword = 4
  case qword = 8

  @inlinable public var byteCount: Int { rawValue }
  @inlinable public var bitCount: Int { rawValue * 8 }

  /// Every bit an access of this width carries.
  @inlinable public var mask: UInt64 { UInt64.max >> UInt64(64 - bitCount) }

  /// What a bus returns where nothing answers.
  @inlinable public var ones: UInt64 { mask }

  @inlinable public init?(byteCount: Int) { self.init(rawValue: byteCount) }

  /// The value whose bytes, asked for lowest first, are these.
  @inlinable @inline(__always) public func value(of byte: (Int) -> UInt8) -> UInt64 {
    var value: UInt64 = 0
    for place in 0..<byteCount { value |= UInt64(byte(place)) << UInt64(place * 8) }
    return value
  }

  /// Hands out the bytes of a value, lowest first, each with its place.
  @inlinable @inline(__always) public func forEachByte(of value: UInt64, _ body: (Int, UInt8) -> Void) {
    for place in 0..<byteCount { body(place, UInt8(truncatingIfNeeded: value >> UInt64(place * 8))) }
  }
}
