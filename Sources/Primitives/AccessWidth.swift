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
}
