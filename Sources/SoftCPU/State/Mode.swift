/// What decoding depends on, as bits of the mode word; the low two bits are the privilege level.
enum Mode {
  static let long64: UInt64 = 4
  static let code32: UInt64 = 8
  static let stack32: UInt64 = 16
  /// ES, SS and DS span 4 GiB from 0, readable and writable: an address in them is linear, and needs no check.
  static let flat: UInt64 = 32
  /// AVX is enabled, too (XCR0).
  static let wideVectors: UInt64 = 1 << 10
  /// CS spans 4 GiB from 0.
  static let flatCode: UInt64 = 1 << 9
  /// The number of the set of translation tables in use.
  static let translations: UInt64 = 3 << translationsShift
  static let translationsShift: UInt64 = 6
  /// SSE is enabled (CR0 and CR4).
  static let vectors: UInt64 = 1 << 8

  /// Whether code of a mode may be translated: it is of ring 0 or 3, and 64-bit, or 32-bit with flat segments.
  static func isTranslatable(_ mode: UInt64) -> Bool {
    let flat32 = code32 | stack32 | flat | flatCode
    return (mode & long64 != 0 || mode & flat32 == flat32) && (mode & 3 == 0 || mode & 3 == 3)
  }
}

extension Core {
  var cpl: UInt8 { UInt8(truncatingIfNeeded: self[.mode] & 3) }
  var is64Bit: Bool { self[.mode] & Mode.long64 != 0 }
  /// IOPL: the lowest privilege that may use ports and the interrupt flag.
  var ioPrivilege: UInt8 { UInt8(truncatingIfNeeded: self[.systemFlags] >> 12 & 3) }
  var isProtected: Bool { self[.cr0] & CR0.protection != 0 }
  var isVirtual8086: Bool { self[.systemFlags] & Flags.vm != 0 && isProtected }
  /// Long mode is active, with 64-bit or compatibility code.
  var isLong: Bool { self[.efer] & EFER.longModeActive != 0 }
}
