/// A code, data or system descriptor.
struct SegmentDescriptor {
  var low: UInt64
  var high: UInt64 = 0
  var base: UInt64 { low >> 16 & 0xFF_FFFF | low >> 32 & 0xFF00_0000 | high << 32 }
  var limit: UInt64 {
    let raw = low & 0xFFFF | low >> 32 & 0xF_0000
    return low >> 55 & 1 == 0 ? raw : raw << 12 | 0xFFF
  }
  /// Access rights as `SegmentState.attributes`.
  var attributes: UInt32 { UInt32(truncatingIfNeeded: low >> 40) & 0xF0FF }
  var rights: AccessRights { AccessRights(rawValue: attributes) }
  var type: UInt32 { attributes & 15 }
  var isSystem: Bool { attributes & 16 == 0 }
  var dpl: UInt8 { rights.level }
  var isPresent: Bool { rights.isPresent }
  var isCode: Bool { !isSystem && rights.isCode }
}
