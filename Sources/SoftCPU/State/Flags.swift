/// Bits of RFLAGS.
enum Flags {
  static let cf: UInt64 = 1
  static let pf: UInt64 = 4
  static let af: UInt64 = 0x10
  static let zf: UInt64 = 0x40
  static let sf: UInt64 = 0x80
  static let tf: UInt64 = 0x100
  static let interrupts: UInt64 = 0x200
  static let df: UInt64 = 0x400
  static let of: UInt64 = 0x800
  static let iopl: UInt64 = 0x3000
  static let nt: UInt64 = 0x4000
  static let rf: UInt64 = 0x1_0000
  static let vm: UInt64 = 0x2_0000
  static let ac: UInt64 = 0x4_0000
  /// VIF and VIP, of a mode that is not here.
  static let virtualInterrupts: UInt64 = 0x18_0000
  static let id: UInt64 = 0x20_0000
  static let arithmetic: UInt64 = cf | pf | af | zf | sf | of
  /// Reserved, and always 1.
  static let alwaysSet: UInt64 = 2
  static let existing: UInt64 = arithmetic | alwaysSet | tf | interrupts | df | iopl | nt | rf | vm | ac | virtualInterrupts | id
}
