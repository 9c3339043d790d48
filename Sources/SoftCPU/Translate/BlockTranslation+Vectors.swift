internal import Assembler

/// What the host has of the guest's vector registers, which are those of the same numbers; a bit each.
struct VectorRegisters: Equatable {
  /// The host has what the guest has: of the 128 bits of XMM, and of the upper half of YMM.
  var loaded: UInt16 = 0
  var upperLoaded: UInt16 = 0
  /// The core has not.
  var dirty: UInt16 = 0
  var upperDirty: UInt16 = 0
  /// What else is the guest's.
  var lent: LentState = []

  /// Whether something would be lost if the host called something of its own. That never uses x87.
  var isInUse: Bool { loaded != 0 || upperLoaded != 0 || lent.contains(.control) }
}

/// SSE and AVX: the host's own instructions on its own registers.
///
/// A block loads a register, or the upper half of one, from the core when it first needs it, and stores what it changed
/// before it leads elsewhere: at every jump, and before a helper, which may change all of the host's. Floating point needs
/// the guest's MXCSR, and MMX the guest's x87 state, which stay until the host's own code runs again. What each maker
/// rounds in its own way is left to the interpreter, and so is what raises exceptions that are not masked.
extension BlockTranslation {
  mutating func emitVector(_ i: Instruction, _ k: Int) -> Bool {
    let form = VectorForms.all.form(of: i)
    let traits = form.traits
    let isVEX = i.prefixes.contains(.vex)
    guard hasHostCode(i, form) else { return false }
    let stores = traits.contains(.stores)
    if traits.contains(.float) { borrow(.control, k) }
    if form.usesMMX { borrow(.x87, k) }
    var memory: Memory?
    if i.isMemory {
      memory = look(MemoryAccess(operand: i, size: Int(i.width), write: stores), k, aligned: i.prefixes.contains(.aligned))
    }
    loadSources(i, form)
    let (reg, home) = field(form, i)
    if isVEX {
      let source = traits.contains(.target) || usesSource(i, form) ? i.vvvv : 0
      let isWide = traits.contains(.widened) || traits.contains(.wide) && i.prefixes.contains(form.isGeneral ? .rexW : .vexW)
      asm.emit(opcode(i), Assembler.Extension(isWide: isWide, isLong: form.isLong, source: source), reg, operand(form, i, memory))
    } else {
      asm.emit(opcode(i), traits.contains(.wide) && i.prefixes.contains(.rexW) ? .quad : .long, reg, operand(form, i, memory))
    }
    if traits.contains(.immediate) { asm.byte(i.secondImmediate) }
    noteFlags(i)
    noteResult(i, form)
    if form.rm == .general, stores, !i.isMemory, hasHome(i.rm &* 8) { asm.store(.gs(Int(i.rm) * 8), Self.t0) }
    if let home { asm.store(.gs(home), Self.t1) }
    if i.isMemory { lookedUp() }
    return true
  }

  /// Whether translated code has the instruction at all.
  func hasHostCode(_ i: Instruction, _ form: VectorForm) -> Bool {
    (i.prefixes.contains(.vex) ? context.hasWideVectors : context.hasVectors) && (form.isVector || form.usesMMX && context.hasX87)
      && !form.traits.contains(.approximates)
  }

  /// VZEROUPPER, which ends what strings and copies do with wide registers: in the core, with all of them there.
  mutating func emitZeroUpper() -> Bool {
    guard context.hasWideVectors, context.is64Bit else { return false }
    storeVectors()
    vectors.loaded &= ~1
    asm.emit(Opcode(0xEF, .two, .operandSize), Assembler.Extension(), .vector(0), .vector(0))
    for place in stride(from: 0, to: 256, by: 32) {
      asm.emit(Opcode(0x11, .two), Assembler.Extension(isLong: true), .vector(0), .memory(.gs(Core.upperHalves + place)))
    }
    asm.zeroUpper()
    return true
  }

  private func usesSource(_ i: Instruction, _ form: VectorForm) -> Bool {
    form.traits.contains(.source) || form.traits.contains(.merges) && !i.isMemory
  }

  /// Sources first: the target may be one of them.
  private mutating func loadSources(_ i: Instruction, _ form: VectorForm) {
    let traits = form.traits
    let isVEX = i.prefixes.contains(.vex)
    let readsReg = !traits.isDisjoint(with: [.stores, .readsOnly, .accumulates, .string]) || !isVEX && !Self.replacesTarget(i)
    let readsRM = !traits.contains(.stores) || !isVEX && i.width < 16
    if traits.contains(.fourth) { need(i.secondImmediate >> 4, true, isWide: form.isLong) }
    if traits.contains(.third) { need(0, true, isWide: false) }
    for isRead in [true, false] {
      if form.rm.isVector, !i.isMemory, readsRM == isRead { need(i.rm, isRead, isWide: form.rm == .ymm) }
      if form.reg.isVector, readsReg == isRead { need(i.reg, isRead, isWide: form.reg == .ymm) }
      if isVEX, traits.contains(.target) != isRead, usesSource(i, form) || !isRead { need(i.vvvv, isRead, isWide: form.isLong) }
    }
  }

  /// With VEX an XMM register that is written has an upper half of zeros.
  private mutating func noteResult(_ i: Instruction, _ form: VectorForm) {
    let traits = form.traits
    let isVEX = i.prefixes.contains(.vex)
    if traits.contains(.readsOnly) { return }
    if traits.contains(.string) {
      if i.opcode & 1 == 0 { changed(0, andUpper: isVEX) }
    } else if traits.contains(.target) {
      changed(i.vvvv, andUpper: true)
    } else if traits.contains(.stores) {
      if form.rm.isVector, !i.isMemory { changed(i.rm, andUpper: isVEX) }
    } else if form.reg.isVector {
      changed(i.reg, andUpper: isVEX)
    }
  }

  private func opcode(_ i: Instruction) -> Opcode {
    let prefix = Opcode.Prefix(rawValue: UInt8(VectorForms.Prefix(i.prefixes).rawValue)) ?? .none
    return Opcode(i.opcode, Opcode.Map(rawValue: i.map & 3) ?? .two, prefix)
  }

  /// What the ModRM byte's `reg` is, and the guest register that T1 stands for.
  private func field(_ form: VectorForm, _ i: Instruction) -> (Field, home: Int?) {
    switch form.reg {
    case .xmm, .ymm: return (.vector(i.reg), nil)
    case .mmx: return (.vector(i.reg & 7), nil)
    case .general where hasHome(i.reg &* 8): return (.register(Self.t1), Int(i.reg) * 8)
    case .general: return (.register(Register(number: i.reg)), nil)
    default: return (.digit(i.extension3), nil)
    }
  }

  private func operand(_ form: VectorForm, _ i: Instruction, _ memory: Memory?) -> ModRM {
    if let memory { return .memory(memory) }
    guard form.rm == .general else { return .vector(form.rm == .mmx ? i.rm & 7 : i.rm) }
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

  /// The host's register is about to be used.
  private mutating func need(_ number: UInt8, _ isRead: Bool, isWide: Bool) {
    let bit = UInt16(1) << UInt16(number & 15)
    if vectors.loaded & bit == 0 {
      if isRead { emitMoves(bit, 0x10) }
      vectors.loaded |= bit
    }
    guard isWide, vectors.upperLoaded & bit == 0 else { return }
    if isRead { emitUpperMoves(bit, stores: false) }
    vectors.upperLoaded |= bit
  }

  private mutating func changed(_ number: UInt8, andUpper: Bool) {
    let bit = UInt16(1) << UInt16(number & 15)
    vectors.loaded |= bit
    vectors.dirty |= bit
    guard andUpper else { return }
    vectors.upperLoaded |= bit
    vectors.upperDirty |= bit
  }

  /// The core has all that the guest has, and the host's upper halves are clean.
  mutating func storeVectors() {
    emitStoring(vectors)
    (vectors.dirty, vectors.upperDirty, vectors.upperLoaded) = (0, 0, 0)
  }

  /// Leaves the flags alone, as all here does.
  mutating func emitStoring(_ registers: VectorRegisters) {
    emitMoves(registers.dirty, 0x11)
    emitUpperMoves(registers.upperDirty, stores: true)
    if registers.upperLoaded != 0 { asm.zeroUpper() }
  }

  mutating func emitLoading(_ registers: VectorRegisters) {
    emitMoves(registers.loaded, 0x10)
    emitUpperMoves(registers.upperLoaded, stores: false)
  }

  /// MOVUPS of some registers.
  private mutating func emitMoves(_ numbers: UInt16, _ opcode: UInt8) {
    for number in UInt8(0)..<16 where numbers >> UInt16(number) & 1 != 0 {
      asm.emit(Opcode(opcode, .two), .long, .vector(number), .memory(.gs(VectorArea.vector(number))))
    }
  }

  /// VINSERTF128 and VEXTRACTF128 of some registers' upper halves.
  private mutating func emitUpperMoves(_ numbers: UInt16, stores: Bool) {
    for number in UInt8(0)..<16 where numbers >> UInt16(number) & 1 != 0 {
      let vex = Assembler.Extension(isLong: true, source: stores ? 0 : number)
      let place = Memory.gs(VectorArea.vector(number) + VectorArea.upper)
      asm.emit(Opcode(stores ? 0x19 : 0x18, .three3A, .operandSize), vex, .vector(number), .memory(place))
      asm.byte(1)
    }
  }
}

extension VectorForm {
  /// Whether an operand is of SSE or AVX.
  var isVector: Bool { reg.isVector || rm.isVector }
  /// Whether an operand may be a general register.
  var isGeneral: Bool { reg == .general || rm == .general }
}

extension VectorForm.Operand {
  var isVector: Bool { self == .xmm || self == .ymm }
}
