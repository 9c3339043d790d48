/// Little-endian fields of private byte copies. Out of bounds is nil, never a trap.
extension Array where Element == UInt8 {
  @inlinable public func load<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self, at offset: Int) -> T? {
    let size = T.bitWidth / 8
    guard offset >= 0, offset <= count - size else { return nil }
    var value: T = 0
    for i in 0..<size { value |= T(truncatingIfNeeded: self[offset + i]) << T(truncatingIfNeeded: i * 8) }
    return value
  }

  /// Writes a field; the caller knows that it lies inside.
  @inlinable public mutating func store<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    for i in 0..<(T.bitWidth / 8) { self[offset + i] = UInt8(truncatingIfNeeded: value >> T(truncatingIfNeeded: i * 8)) }
  }

  @inlinable public mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    for i in 0..<(T.bitWidth / 8) { append(UInt8(truncatingIfNeeded: value >> T(truncatingIfNeeded: i * 8))) }
  }
}
