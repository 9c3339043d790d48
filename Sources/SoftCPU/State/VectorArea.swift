/// Where the vector unit keeps things in a core's block.
enum VectorArea {
  /// The guest's registers, as FXSAVE64 writes them.
  static let control = Core.vectorState
  static let status = Core.vectorState + 2
  static let tags = Core.vectorState + 4
  static let lastOpcode = Core.vectorState + 6
  static let lastInstruction = Core.vectorState + 8
  static let lastOperand = Core.vectorState + 16
  static let mxcsr = Core.vectorState + 24
  static let mmx = Core.vectorState + 32
  static let xmm = Core.vectorState + 160
  /// How far the upper half of a YMM register is from the lower.
  static let upper = Core.upperHalves - xmm

  // Working space of host stubs.
  /// A copy of an instruction's memory operand, aligned for anything.
  static let operand = 0x800
  static let flags = 0x910
  /// The MXCSR that the host's own code has.
  static let hostControl = 0x918
  static let workControl = 0x91C
  /// An image for FXSAVE64 or XSAVE64, with all exceptions masked.
  static let image = 0x940
  /// A copy of a destination that an exception would leave alone.
  static let trial = 0xC00

  /// The place of an XMM register, or of the lower half of a YMM register.
  @inline(__always) static func vector(_ number: UInt8) -> Int { xmm &+ Int(number & 15) &* 16 }

  /// The place of a register operand, in words of 8 bytes.
  static func word(_ operand: VectorForm.Operand, _ number: UInt8) -> UInt8 {
    switch operand {
    case .none: 0
    case .general: number & 15
    case .mmx: UInt8(mmx / 8) + (number & 7) * 2
    case .xmm, .ymm: UInt8(xmm / 8) + (number & 15) * 2
    }
  }
}

/// MXCSR.
enum FloatControl {
  static let raised: UInt32 = 0x3F
  /// All exceptions masked; so it is at reset, and in the host's own code.
  static let masks: UInt32 = 0x1F80
}
