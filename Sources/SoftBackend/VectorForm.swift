/// How one MMX or SSE instruction takes its operands.
struct VectorForm {
  /// Where an operand lives when it is a register.
  enum Operand: UInt8 { case none, general, mmx, xmm }

  struct Traits: OptionSet {
    var rawValue: UInt16
    /// ModRM.rm is the destination, ModRM.reg a source.
    static let stores = Traits(rawValue: 1)
    static let immediate = Traits(rawValue: 2)
    /// Uses MXCSR, and may raise #XM.
    static let float = Traits(rawValue: 4)
    /// Sets the arithmetic flags.
    static let flags = Traits(rawValue: 8)
    /// 16 bytes of memory need no alignment.
    static let unaligned = Traits(rawValue: 16)
    static let memoryOnly = Traits(rawValue: 32)
    static let registerOnly = Traits(rawValue: 64)
    /// REX.W changes the instruction.
    static let wide = Traits(rawValue: 128)
    /// REX.W makes the memory operand 8 bytes.
    static let wideMemory = Traits(rawValue: 256)
    /// XMM0 is a third operand.
    static let third = Traits(rawValue: 512)
    /// A string comparison: lengths in EAX and EDX, result in ECX or XMM0.
    static let string = Traits(rawValue: 1024)
    /// ModRM.reg extends the opcode.
    static let extended = Traits(rawValue: 2048)
    /// Both operands are only read.
    static let readsOnly = Traits(rawValue: 4096)
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
  var isRare: Bool { usesMMX || traits.contains(.flags) }
}
