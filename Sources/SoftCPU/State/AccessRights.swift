/// What a segment may be used for, as `SegmentState.attributes` has it.
struct AccessRights {
  let rawValue: UInt32

  private static let accessible: UInt32 = 1 << 1
  private static let directed: UInt32 = 1 << 2
  private static let code: UInt32 = 1 << 3
  private static let present: UInt32 = 1 << 7
  /// The rights of a segment that cannot be used.
  static let unusable: UInt32 = 1 << 16

  /// Whether it is code; otherwise data, or the system's.
  var isCode: Bool { rawValue & Self.code != 0 }
  var isPresent: Bool { rawValue & Self.present != 0 }
  var isUnusable: Bool { rawValue & Self.unusable != 0 }
  /// Code that keeps its caller's privilege.
  var isConforming: Bool { isCode && rawValue & Self.directed != 0 }
  /// Data whose offsets lie above its limit.
  var expandsDown: Bool { !isCode && rawValue & Self.directed != 0 }
  var isReadable: Bool { !isCode || rawValue & Self.accessible != 0 }
  var isWritable: Bool { !isCode && rawValue & Self.accessible != 0 }
  var isLong: Bool { rawValue & 1 << 13 != 0 }
  /// Of 32 bits, or a stack of them.
  var isBig: Bool { rawValue & 1 << 14 != 0 }
  /// Descriptor privilege level.
  var level: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 5 & 3) }
}
