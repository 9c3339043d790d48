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
  /// How many instructions there are from this one to its block's end; nil if that is more, or if not all are to be executed.
  func countToEnd(atMost limit: Int) -> Int? {
    for k in 0...limit {
      switch unsafe record[k].operation {
      case .endOfBlock: return k
      case .stopped, .breakpoint: return nil
      default: continue
      }
    }
    return nil
  }
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
