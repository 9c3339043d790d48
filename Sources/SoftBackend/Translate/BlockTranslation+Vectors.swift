internal import Assembler

/// SSE on integers and moves: the host's own instructions on its own XMM registers of the same numbers.
///
/// A block loads a register from the core when it first needs it, and stores what it changed before it leads elsewhere:
/// at every jump, and before a helper, which may change all of the host's. Floating point, MMX and VEX are left to the
/// interpreter, which has the guest's MXCSR and upper halves.
extension BlockTranslation {
  /// XMM registers by number, a bit each.
  struct Vectors {
    /// The host has what the guest has.
    var loaded: UInt16 = 0
    /// The core has not.
    var dirty: UInt16 = 0
  }

  mutating func emitVector(_ i: Instruction, _ k: Int) -> Bool {
    let form = unsafe VectorForms.all.form(of: i.record.pointee)
    let traits = form.traits
    guard i.operation == .hosted, context.hasVectors, !i.prefixes.contains(.vex), !form.usesMMX,
      traits.isDisjoint(with: [.float, .flags, .string, .third, .approximates]), form.reg == .xmm || form.rm == .xmm
    else { return false }
    let stores = traits.contains(.stores)
    var memory: Memory?
    if i.isMemory {
      let general = form.reg == .general && hasHome(i.reg &* 8)
      memory = look(MemoryAccess(operand: i, size: Int(i.width), write: stores), k, freeT1: general, aligned: i.prefixes.contains(.aligned))
    }
    // Sources first: the target may be one of them.
    if stores, form.reg == .xmm { need(i.reg, isRead: true) }
    if form.rm == .xmm, !i.isMemory { need(i.rm, isRead: !stores || i.width < 16) }
    if form.reg == .xmm { need(i.reg, isRead: !Self.replacesTarget(i)) }
    let (reg, home) = field(form, i)
    asm.emit(opcode(i), traits.contains(.wide) && i.prefixes.contains(.rexW) ? .quad : .long, reg, operand(form, i, memory))
    if traits.contains(.immediate) { asm.byte(i.vvvv) }
    if stores {
      if form.rm == .xmm, !i.isMemory { changed(i.rm) }
      if form.rm == .general, !i.isMemory, hasHome(i.rm &* 8) { asm.store(.gs(Int(i.rm) * 8), Self.t0) }
    } else if form.reg == .xmm {
      changed(i.reg)
    }
    if let home { asm.store(.gs(home), Self.t1) }
    if i.isMemory { lookedUp() }
    return true
  }

  private func opcode(_ i: Instruction) -> Opcode {
    let prefix = Opcode.Prefix(rawValue: UInt8(VectorForms.Prefix(i.prefixes).rawValue)) ?? .none
    return Opcode(i.opcode, Opcode.Map(rawValue: i.map) ?? .two, prefix)
  }

  /// What the ModRM byte's `reg` is, and the guest register that T1 stands for.
  private func field(_ form: VectorForm, _ i: Instruction) -> (Field, home: Int?) {
    switch form.reg {
    case .xmm: return (.vector(i.reg), nil)
    case .general where hasHome(i.reg &* 8): return (.register(Self.t1), Int(i.reg) * 8)
    case .general: return (.register(Register(number: i.reg)), nil)
    default: return (.digit(i.extension3), nil)
    }
  }

  private func operand(_ form: VectorForm, _ i: Instruction, _ memory: Memory?) -> ModRM {
    if let memory { return .memory(memory) }
    guard form.rm == .general else { return .vector(i.rm) }
    return form.traits.contains(.stores) && hasHome(i.rm &* 8) ? .register(Self.t0) : source(i.rm &* 8)
  }

  /// Whether nothing of the target's old value remains.
  private static func replacesTarget(_ i: Instruction) -> Bool {
    switch (i.map, i.opcode) {
    case (1, 0x10): i.isMemory || VectorForms.Prefix(i.prefixes) == .none || VectorForms.Prefix(i.prefixes) == .operandSize
    case (1, 0x28), (1, 0x6F), (1, 0x6E), (1, 0x70), (1, 0x7E), (1, 0xF0), (2, 0x1C...0x1E), (2, 0x20...0x25), (2, 0x30...0x35): true
    default: false
    }
  }

  // MARK: Registers

  private func place(ofVector number: UInt8) -> Memory { .gs(VectorArea.vector(number)) }

  /// The host's register is about to be used.
  private mutating func need(_ number: UInt8, isRead: Bool) {
    guard vectors.loaded >> UInt16(number & 15) & 1 == 0 else { return }
    if isRead { load(1 << UInt16(number & 15)) }
    vectors.loaded |= 1 << UInt16(number & 15)
  }

  private mutating func changed(_ number: UInt8) { vectors.dirty |= 1 << UInt16(number & 15) }

  /// MOVUPS of some registers. Leaves the flags alone.
  mutating func load(_ numbers: UInt16) { emitMoves(numbers, 0x10) }
  mutating func store(_ numbers: UInt16) { emitMoves(numbers, 0x11) }

  private mutating func emitMoves(_ numbers: UInt16, _ opcode: UInt8) {
    for number in UInt8(0)..<16 where numbers >> UInt16(number) & 1 != 0 {
      asm.emit(Opcode(opcode, .two), .long, .vector(number), .memory(place(ofVector: number)))
    }
  }

  /// The core has all that the guest has.
  mutating func storeVectors() {
    store(vectors.dirty)
    vectors.dirty = 0
  }
}
