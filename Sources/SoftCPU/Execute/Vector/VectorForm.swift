/// How one MMX, SSE or AVX instruction takes its operands.
struct VectorForm {
  /// Where an operand lives when it is a register.
  enum Operand: UInt8 { case none, general, mmx, xmm, ymm }

  struct Traits: OptionSet {
    var rawValue: UInt32
    /// ModRM.rm is the destination, ModRM.reg a source.
    static let stores = Traits(rawValue: 1)
    static let immediate = Traits(rawValue: 2)
    /// Uses MXCSR, and may raise #XM.
    static let float = Traits(rawValue: 4)
    /// Sets the arithmetic flags.
    static let flags = Traits(rawValue: 8)
    /// 16 or 32 bytes of memory need no alignment.
    static let unaligned = Traits(rawValue: 16)
    static let memoryOnly = Traits(rawValue: 32)
    static let registerOnly = Traits(rawValue: 64)
    /// REX.W or VEX.W changes the instruction.
    static let wide = Traits(rawValue: 128)
    /// W makes the memory operand 8 bytes.
    static let wideMemory = Traits(rawValue: 256)
    /// XMM0 is a third operand.
    static let third = Traits(rawValue: 512)
    /// A string comparison: lengths in EAX and EDX, result in ECX or XMM0.
    static let string = Traits(rawValue: 1024)
    /// ModRM.reg extends the opcode.
    static let extended = Traits(rawValue: 2048)
    /// Both operands are only read.
    static let readsOnly = Traits(rawValue: 4096)
    /// RCP and RSQRT, whose results are each maker's own.
    static let approximates = Traits(rawValue: 1 << 20)
    // What only VEX has.
    /// VEX.vvvv is the first source.
    static let source = Traits(rawValue: 1 << 13)
    /// VEX.vvvv is the first source when the other one is a register, and nothing otherwise.
    static let merges = Traits(rawValue: 1 << 14)
    /// VEX.vvvv is the destination.
    static let target = Traits(rawValue: 1 << 15)
    /// The destination is a source, too.
    static let accumulates = Traits(rawValue: 1 << 16)
    /// The immediate's upper half is a register.
    static let fourth = Traits(rawValue: 1 << 17)
    /// VEX.W must be 0.
    static let narrow = Traits(rawValue: 1 << 18)
    /// VEX.W must be 1.
    static let widened = Traits(rawValue: 1 << 19)
  }

  var reg = Operand.none
  var rm = Operand.none
  /// Bytes of a memory operand.
  var size: UInt8 = 0
  var traits: Traits = []
  /// The bit of CPUID.1:ECX that the host needs, or the form is not there; 31 if all hosts have it.
  var feature: UInt8 = 31

  var exists: Bool { reg != .none || rm != .none }
  var usesMMX: Bool { reg == .mmx || rm == .mmx }
  /// Whether there is more to do than to call the host's code and to look for floating-point exceptions.
  var isRare: Bool { usesMMX || traits.contains(.flags) || traits.contains(.float) && traits.contains(.stores) }
  /// VEX.L of the host's instruction.
  var isLong: Bool { reg == .ymm || rm == .ymm }
}
