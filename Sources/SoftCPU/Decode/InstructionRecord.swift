/// A decoded instruction as it lies in the block cache: plain data within one cache line.
struct InstructionRecord {
  /// RIP of this instruction (blocks are keyed by address, so it is known).
  var address: UInt64 = 0
  /// Sign-extended; for a relative branch the target; for a far pointer selector << 32 | offset; for a vector
  /// instruction the address of its host code.
  var immediate: UInt64 = 0
  /// Sign-extended, with RIP already added for RIP-relative operands.
  var displacement: UInt64 = 0
  var operation: Operation = .undefined
  var prefixes: Prefixes = []
  /// 0 one byte, 1 0F, 2 0F38, 3 0F3A.
  var map: UInt8 = 0
  var opcode: UInt8 = 0
  /// Operand size in bytes: 1, 2, 4 or 8; of a vector or x87 instruction the bytes in memory, or those of one element.
  var width: UInt8 = 4
  /// Address size in bytes.
  var addressWidth: UInt8 = 8
  var length: UInt8 = 0
  /// ModRM.reg with REX.R; the extension is its low three bits.
  var reg: UInt8 = 0
  /// ModRM.rm with REX.B (or the opcode's low bits).
  var rm: UInt8 = 0
  /// Byte offsets of `reg` and `rm` in the core, for general operands of `width`; see VectorArea.word for others.
  var destination: UInt8 = 0
  var source: UInt8 = 0
  /// Byte offsets of base and index in the core; 128 is none.
  var base: UInt8 = 128
  var index: UInt8 = 128
  var scale: UInt8 = 0
  var segment = Segment.flat
  var isMemory = false
  /// Where the two operands are.
  var form: Form = .registerImmediate
  /// Form and width at once: what the run loop switches over.
  var shape: Shape = .registerImmediate32
  /// The second operand is CL.
  var usesCL = false
  /// A second immediate: ENTER's level, or the immediate of a hosted instruction, whose first is the place of its code.
  var secondImmediate: UInt8 = 0
  /// VEX: the register in vvvv, and L.
  var vvvv: UInt8 = 0
  var vectorLength: UInt8 = 0
}
