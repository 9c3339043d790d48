/// The parts of a selector: an index into a table of descriptors, which table, and a privilege level.
extension UInt16 {
  private static let levelBits: UInt16 = 3
  private static let tableBit: UInt16 = 4

  /// Of no segment, whatever its level.
  var isNullSelector: Bool { withoutLevel == 0 }
  var withoutLevel: UInt16 { self & ~Self.levelBits }
  /// Requested privilege level.
  var requestedLevel: UInt8 { UInt8(self & Self.levelBits) }
  /// In the local table, and not the global one.
  var isLocalSelector: Bool { self & Self.tableBit != 0 }
  /// The table that its descriptor is in.
  var table: Segment { self & Self.tableBit != 0 ? .local : .global }
  /// Where its descriptor is in the table.
  var descriptorOffset: UInt64 { UInt64(self & ~(Self.levelBits | Self.tableBit)) }
}
