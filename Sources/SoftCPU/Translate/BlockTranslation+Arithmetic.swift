internal import Assembler

/// The eight operations of the first opcodes, TEST and MOV: two operands of one width.
extension BlockTranslation {
  /// How an operation of two operands is encoded.
  struct Binary {
    /// `rm` and `reg`, `rm` being the target unless `reverse` is used.
    var opcode: UInt8
    /// Of the form with an immediate.
    var immediate: UInt8
    var digit: UInt8
    var reads = true
    var writes = true
    /// Whether there is a short form for small immediates.
    var hasShort = true
    /// Whether there is a form with the target in `reg`.
    var hasReverse = true

    static func arithmetic(_ operation: Arithmetic) -> Binary {
      Binary(opcode: operation.rawValue << 3, immediate: 0x80, digit: operation.rawValue, writes: operation != .cmp)
    }
    static let move = Binary(opcode: 0x88, immediate: 0xC6, digit: 0, reads: false, hasShort: false)
    static let test = Binary(opcode: 0x84, immediate: 0xF6, digit: 0, writes: false, hasShort: false, hasReverse: false)
  }

  static func binary(_ operation: Operation) -> Binary? {
    switch operation {
    case .add: .arithmetic(.add)
    case .or: .arithmetic(.or)
    case .adc: .arithmetic(.adc)
    case .sbb: .arithmetic(.sbb)
    case .and: .arithmetic(.and)
    case .sub: .arithmetic(.sub)
    case .xor: .arithmetic(.xor)
    case .cmp: .arithmetic(.cmp)
    case .test: .test
    case .move: .move
    default: nil
    }
  }

  mutating func emit(_ binary: Binary, _ i: Instruction, _ k: Int) -> Bool {
    let width = self.width(i)
    switch i.form {
    case .registerRegister:
      needFlags(i, k)
      emitRegisters(binary, i, width)
    case .registerImmediate:
      needFlags(i, k)
      emitImmediate(binary, i, width)
    case .registerMemory:
      if usesHighBytes(i) { return false }
      emitFromMemory(binary, i, k, width)
      return true
    case .memoryRegister:
      if usesHighBytes(i) { return false }
      emitToMemory(binary, i, k, width)
      return true
    case .memoryImmediate:
      let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: binary.writes), k)
      needFlags(i, k)
      emitImmediate(binary, i, width, .memory(memory), isLocked: i.prefixes.contains(.lock))
      noteFlags(i)
      lookedUp()
      return true
    }
    noteFlags(i)
    return true
  }

  private func byteForm(_ width: Width) -> UInt8 { width == .byte ? 0 : 1 }

  private mutating func emitRegisters(_ binary: Binary, _ i: Instruction, _ width: Width) {
    if !binary.hasReverse {
      // TEST: either operand may be the one in `rm`.
      let a = place(i.source, Self.t0)
      return asm.emit(Opcode(binary.opcode | byteForm(width)), width, a.field, source(i.destination))
    }
    // The source first: it may be the target, which may not be read.
    let from = source(i.source)
    let target = place(i.destination, Self.t0, isRead: binary.reads || width.rawValue < 4)
    asm.emit(Opcode(binary.opcode | 2 | byteForm(width)), width, target.field, from)
    if binary.writes { written(target) }
  }

  private mutating func emitImmediate(_ binary: Binary, _ i: Instruction, _ width: Width) {
    if binary.opcode == Binary.move.opcode, width == .quad || width == .long {
      let target = place(i.destination, Self.t0, isRead: false)
      asm.move(target.register, width == .long ? i.immediate & 0xFFFF_FFFF : i.immediate)
      return written(target)
    }
    let target = place(i.destination, Self.t0)
    emitImmediate(binary, i, width, target.operand)
    if binary.writes { written(target) }
  }

  private mutating func emitImmediate(_ binary: Binary, _ i: Instruction, _ width: Width, _ target: ModRM, isLocked: Bool = false) {
    let isShort = binary.hasShort && width != .byte && Int64(bitPattern: i.immediate) == Int64(Int8(truncatingIfNeeded: i.immediate))
    let opcode = isShort ? 0x83 : binary.immediate | byteForm(width)
    asm.emit(Opcode(opcode), width, .digit(binary.digit), target, isLocked: isLocked)
    asm.immediate(i.immediate, isShort ? .byte : width)
  }

  private mutating func emitFromMemory(_ binary: Binary, _ i: Instruction, _ k: Int, _ width: Width) {
    let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: false), k)
    needFlags(i, k)
    let target = place(i.destination, Self.t1, isRead: binary.reads || width.rawValue < 4)
    let opcode = binary.opcode | (binary.hasReverse ? 2 : 0) | byteForm(width)
    asm.emit(Opcode(opcode), width, target.field, .memory(memory))
    noteFlags(i)
    if binary.writes { written(target) }
    lookedUp()
  }

  private mutating func emitToMemory(_ binary: Binary, _ i: Instruction, _ k: Int, _ width: Width) {
    let memory = look(MemoryAccess(operand: i, size: Int(i.width), write: binary.writes), k)
    needFlags(i, k)
    let value = place(i.source, Self.t1)
    asm.emit(Opcode(binary.opcode | byteForm(width)), width, value.field, .memory(memory), isLocked: i.prefixes.contains(.lock))
    noteFlags(i)
    lookedUp()
  }

  /// INC, DEC, NEG and NOT.
  mutating func emitUnary(_ i: Instruction, _ k: Int) {
    let (opcode, digit): (UInt8, UInt8) =
      switch i.operation {
      case .increment: (0xFE, 0)
      case .decrement: (0xFE, 1)
      case .not: (0xF6, 2)
      default: (0xF6, 3)
      }
    let width = self.width(i)
    onOperand(i, k, size: Int(i.width), reads: true, writes: true) { block, target in
      block.asm.emit(Opcode(opcode | block.byteForm(width)), width, .digit(digit), target, isLocked: i.prefixes.contains(.lock))
    }
  }
}
