internal import Assembler

/// R11 and R15 in their own host registers, as long as instructions follow each other that need no temporaries: a
/// function that computes in all sixteen registers then does not wait for the core's block at every step.
extension BlockTranslation {
  struct Residents {
    /// The host has what the guest has.
    var loaded: Set = []
    /// The core has not.
    var dirty: Set = []

    /// Of the two.
    struct Set: OptionSet {
      var rawValue: UInt16
      static func of(_ register: Register) -> Set { Set(rawValue: 1 << UInt16(register.rawValue)) }
      func contains(_ register: Register) -> Bool { contains(.of(register)) }
      mutating func insert(_ register: Register) { formUnion(.of(register)) }
    }
  }

  /// Whether an instruction does without temporaries: it has no operand in memory, and one step.
  func isPlain(_ i: Instruction) -> Bool {
    guard !i.isMemory || i.operation.plain == .lea else { return false }
    switch i.operation.plain {
    case .add, .or, .adc, .sbb, .and, .sub, .xor, .cmp, .test, .move, .increment, .decrement, .negate, .not, .rol, .ror, .rcl, .rcr, .shl, .shr, .sar,
      .shld, .shrd, .imulTwo, .imulThree, .moveZero8, .moveZero16, .moveSign8, .moveSign16, .moveSign32, .cmov, .setcc, .byteSwap, .convert, .extend, .nop,
      .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement, .popcnt, .tzcnt, .lzcnt:
      return true
    case .lea: return i.width >= 4 && i.addressWidth == context.word.rawValue
    default: return false
    }
  }

  mutating func makeResident(_ register: Register, isRead: Bool) {
    guard !residents.loaded.contains(register) else { return }
    if isRead { asm.load(register, .gs(Int(register.rawValue) * 8)) }
    residents.loaded.insert(register)
  }

  /// Which of the two may stay where they are while instruction `k` is executed.
  func stayingResidents(_ i: Instruction, _ k: Int) -> Residents.Set {
    if isPlain(i) || isVectorsOnly(i) && !i.isMemory { return span == nil ? [.of(Self.t0), .of(Self.t1)] : .of(Self.t1) }
    guard isSpannable(k), i.operation != .x87, !involves(i, Self.t0), let access = spanAccess(i) else { return [] }
    // The way through the table takes both temporaries.
    return span != nil || access.near == nil || nearRegister(access) != nil ? .of(Self.t1) : []
  }

  /// The core has both, and but for `staying` their registers are free. Leaves the flags alone.
  mutating func storeResidents(but staying: Residents.Set = []) {
    emitStoring(Residents(loaded: [], dirty: residents.dirty.subtracting(staying)))
    residents = Residents(loaded: residents.loaded.intersection(staying), dirty: residents.dirty.intersection(staying))
  }

  /// The core has both, and the host too: where a jump out of the block needs them at home, and the next instruction may
  /// need them here.
  mutating func writeBackResidents() {
    emitStoring(residents)
    residents.dirty = []
  }

  mutating func emitStoring(_ residents: Residents) {
    if residents.dirty.contains(Self.t0) { asm.store(.gs(Int(Self.t0.rawValue) * 8), Self.t0) }
    if residents.dirty.contains(Self.t1) { asm.store(.gs(Int(Self.t1.rawValue) * 8), Self.t1) }
  }
  mutating func emitLoading(_ residents: Residents.Set) {
    if residents.contains(Self.t0) { asm.load(Self.t0, .gs(Int(Self.t0.rawValue) * 8)) }
    if residents.contains(Self.t1) { asm.load(Self.t1, .gs(Int(Self.t1.rawValue) * 8)) }
  }
}
