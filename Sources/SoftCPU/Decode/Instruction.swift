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

/// Where an instruction's destination and source are.
enum Form: UInt8 {
  case registerRegister, registerImmediate, registerMemory, memoryRegister, memoryImmediate
}

/// A form of operands of one width.
enum Shape: UInt8 {
  case registerRegister8, registerRegister16, registerRegister32, registerRegister64
  case registerImmediate8, registerImmediate16, registerImmediate32, registerImmediate64
  case registerMemory8, registerMemory16, registerMemory32, registerMemory64
  case memoryRegister8, memoryRegister16, memoryRegister32, memoryRegister64
  case memoryImmediate8, memoryImmediate16, memoryImmediate32, memoryImmediate64

  init(_ form: Form, _ width: UInt8) {
    self = Shape(rawValue: form.rawValue * 4 + UInt8(truncatingIfNeeded: width.trailingZeroBitCount)) ?? .registerImmediate32
  }
}

/// Prefixes and what they amount to.
struct Prefixes: OptionSet {
  var rawValue: UInt16
  static let lock = Prefixes(rawValue: 1)
  static let repeatZero = Prefixes(rawValue: 2)
  static let repeatNonzero = Prefixes(rawValue: 4)
  static let operandSize = Prefixes(rawValue: 8)
  static let rexW = Prefixes(rawValue: 16)
  static let rex = Prefixes(rawValue: 32)
  static let vex = Prefixes(rawValue: 64)
  /// The address needs no more than base + index * scale + displacement.
  static let plainAddress = Prefixes(rawValue: 128)
  /// A vector operand in memory must be aligned to its size.
  static let aligned = Prefixes(rawValue: 256)
  /// A vector or x87 operand in memory is the destination.
  static let writes = Prefixes(rawValue: 512)
  /// VEX.W, which counts outside of 64-bit code for some.
  static let vexW = Prefixes(rawValue: 1024)
  static let repeated: Prefixes = [.repeatZero, .repeatNonzero]
}

/// One decoded instruction in the block cache.
@safe struct Instruction {
  let record: UnsafeMutablePointer<InstructionRecord>

  @inline(__always) init(record: UnsafeMutablePointer<InstructionRecord>) { unsafe self.record = record }
  @inline(__always) init(firstOf block: UnsafeMutablePointer<BlockRecord>) {
    unsafe record = (UnsafeMutableRawPointer(block) + BlockRecord.headerSize).assumingMemoryBound(to: InstructionRecord.self)
  }

  @inline(__always) var address: UInt64 { unsafe record.pointee.address }
  @inline(__always) var immediate: UInt64 { unsafe record.pointee.immediate }
  @inline(__always) var displacement: UInt64 { unsafe record.pointee.displacement }
  @inline(__always) var operation: Operation { unsafe record.pointee.operation }
  @inline(__always) var prefixes: Prefixes { unsafe record.pointee.prefixes }
  @inline(__always) var map: UInt8 { unsafe record.pointee.map }
  @inline(__always) var opcode: UInt8 { unsafe record.pointee.opcode }
  @inline(__always) var width: UInt8 { unsafe record.pointee.width }
  @inline(__always) var addressWidth: UInt8 { unsafe record.pointee.addressWidth }
  @inline(__always) var length: UInt8 { unsafe record.pointee.length }
  @inline(__always) var reg: UInt8 { unsafe record.pointee.reg }
  @inline(__always) var rm: UInt8 { unsafe record.pointee.rm }
  @inline(__always) var destination: UInt8 { unsafe record.pointee.destination }
  @inline(__always) var source: UInt8 { unsafe record.pointee.source }
  @inline(__always) var base: UInt8 { unsafe record.pointee.base }
  @inline(__always) var index: UInt8 { unsafe record.pointee.index }
  @inline(__always) var scale: UInt8 { unsafe record.pointee.scale }
  @inline(__always) var segment: Segment { unsafe record.pointee.segment }
  @inline(__always) var isMemory: Bool { unsafe record.pointee.isMemory }
  @inline(__always) var secondImmediate: UInt8 { unsafe record.pointee.secondImmediate }
  @inline(__always) var vvvv: UInt8 { unsafe record.pointee.vvvv }
  @inline(__always) var vectorLength: UInt8 { unsafe record.pointee.vectorLength }
  @inline(__always) var form: Form { unsafe record.pointee.form }
  @inline(__always) var shape: Shape { unsafe record.pointee.shape }
  @inline(__always) var usesCL: Bool { unsafe record.pointee.usesCL }
  @inline(__always) var place: UInt64 { UInt64(UInt(bitPattern: unsafe record)) }
  /// Of a direct branch and of a block's end, which have no operand in memory: the block that it led to last, or zero. It is
  /// kept where others have their displacement.
  @inline(__always) var successor: UInt64 {
    get { displacement }
    nonmutating set { unsafe record.pointee.displacement = newValue }
  }
  /// How many instructions of its block come before this one and not before another.
  func distance(from first: Instruction) -> UInt64 { UInt64(truncatingIfNeeded: unsafe record - first.record) }
  /// The address of the next instruction.
  @inline(__always) var next: UInt64 { address &+ UInt64(length) }
  /// The number of a condition, for those instructions that have one.
  @inline(__always) var condition: UInt8 { opcode & 15 }
  /// The second operand is an immediate.
  var hasImmediate: Bool { form == .registerImmediate || form == .memoryImmediate }
  /// The segment register that ModRM.reg or the opcode names. The decoder has refused others.
  @inline(__always) var namedSegment: Segment { Segment(number: extension3) ?? .es }
  /// The opcode extension in ModRM.reg.
  @inline(__always) var extension3: UInt8 { reg & 7 }
}
