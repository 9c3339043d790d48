internal import Assembler

/// Accesses by one register to places near each other, by instructions that follow each other: they are looked up at once,
/// by the first of them, and then need one instruction of the host each.
///
/// T0 has the distance from the guest's addresses to the host's until the last of them is done. Where not all of them lie
/// in one page, or that is not to be found, the interpreter executes all those instructions.
struct Span {
  let base: Register
  /// From the base where it is at the first access, and the end.
  private(set) var low: Int64
  private(set) var high: Int64
  private(set) var use: SoftTLB.Use
  /// The last instruction.
  private(set) var last: Int

  static let longest = 48
  private static let widest: Int64 = 128

  init(_ base: Register, _ distance: Int64, _ access: MemoryAccess, last: Int) {
    (self.base, low, high, use, self.last) = (base, distance, distance + Int64(access.size), access.use, last)
  }

  /// Takes another access in, unless it is too far away.
  mutating func add(_ access: MemoryAccess, at distance: Int64, by number: Int) -> Bool {
    let (first, end) = (min(low, distance), max(high, distance + Int64(access.size)))
    guard end - first <= Self.widest, Int32(exactly: first) != nil else { return false }
    (low, high, last) = (first, end, number)
    if access.use == .write { use = .write }
    return true
  }

  /// All that is accessed.
  var access: MemoryAccess { MemoryAccess(base, Int32(truncatingIfNeeded: low), size: Int(high - low), write: use == .write) }
}

extension BlockTranslation {
  /// The span that begins with an access of instruction `k`, or of `count` from there. Where accesses are not thought to be
  /// near each other it ends with these.
  func findSpan(_ access: MemoryAccess, _ k: Int, count: Int) -> Span? {
    guard context.is64Bit, isSpannable(k), let place = access.place, !isDisplaced(place.base) else { return nil }
    var span = Span(place.base, Int64(place.distance), access, last: k + count - 1)
    var moved: Int64 = 0
    for next in k..<(context.triesNearEntries ? min(self.count, k + Span.longest) : k + count) {
      let i = instruction(next)
      guard isPlain(i) || i.operation.plain == .jcc || isSpannable(next) || isVectorsOnly(i) || isX87(i), !involves(i, Self.t0) else { break }
      if next >= k + count, let access = spanAccess(i) {
        guard let place = access.place, place.base == span.base, span.add(access, at: Int64(place.distance) + moved, by: next) else { break }
      }
      guard let distance = movement(of: span.base, by: i) else { break }
      moved += distance
    }
    return span
  }

  /// Whether an instruction may be part of a span: it has one operand in memory, which T0 alone leads to, and no other use
  /// for that.
  func isSpannable(_ k: Int) -> Bool {
    let i = instruction(k)
    if isSimple(i, .push) || isSimple(i, .pop) { return true }
    guard i.isMemory, i.operation == .hosted || i.width >= 4 || !usesHighBytes(i) else { return false }
    switch i.operation.plain {
    case .add, .or, .adc, .sbb, .and, .sub, .xor, .cmp, .test, .move: return true
    case .increment, .decrement, .negate, .not, .rol, .ror, .shl, .shr, .sar, .imulTwo, .imulThree, .cmov, .setcc: return true
    case .moveZero8, .moveZero16, .moveSign8, .moveSign16, .moveSign32: return true
    case .hosted: return isVectorsOnly(i) && !i.prefixes.contains(.aligned)
    case .x87: return isX87(i)
    default: return false
    }
  }

  /// Whether an instruction has to do with vector registers only, and perhaps memory, and needs no temporary.
  func isVectorsOnly(_ i: Instruction) -> Bool {
    guard i.operation == .hosted else { return false }
    let form = VectorForms.all.form(of: i)
    return hasHostCode(i, form) && !form.isGeneral && !form.usesMMX && !form.traits.contains(.float)
  }

  /// What a spannable instruction accesses.
  func spanAccess(_ i: Instruction) -> MemoryAccess? {
    if isSimple(i, .push) { return push }
    if isSimple(i, .pop) { return MemoryAccess(.rsp, 0, size: Int(slot), write: false) }
    guard i.isMemory, i.operation.plain != .lea else { return nil }
    return MemoryAccess(operand: i, size: accessSize(i), write: writesMemory(i))
  }

  func accessSize(_ i: Instruction) -> Int {
    switch i.operation.plain {
    case .moveZero8, .moveSign8, .setcc: 1
    case .moveZero16, .moveSign16: 2
    case .moveSign32: 4
    default: Int(i.width)
    }
  }

  private func writesMemory(_ i: Instruction) -> Bool {
    switch i.operation.plain {
    case .increment, .decrement, .negate, .not, .rol, .ror, .shl, .shr, .sar, .setcc: true
    case .hosted: VectorForms.all.form(of: i).traits.contains(.stores)
    case .x87: i.prefixes.contains(.writes)
    default: (i.form == .memoryRegister || i.form == .memoryImmediate) && Self.binary(i.operation.plain)?.writes == true
    }
  }

  /// Whether a register is one of an instruction's.
  func involves(_ i: Instruction, _ register: Register) -> Bool {
    let number = register.rawValue
    if i.base / 8 == number || i.index / 8 == number { return true }
    return i.operation != .hosted && (i.destination / 8 == number || i.source / 8 == number || i.reg == number || i.rm == number)
  }

  /// By how much an instruction moves a register; nil if it does something else to it.
  private func movement(of register: Register, by i: Instruction) -> Int64? {
    let number = register.rawValue, isWhole = i.width == 8 && i.destination == number &* 8
    switch i.operation.plain {
    case .push: return register == .rsp ? -Int64(slot) : 0
    case .pop: return register == .rsp ? Int64(slot) : i.rm == number ? nil : 0
    case .cmp, .test, .bitTest, .nop, .jcc, .hosted, .x87: return 0
    case .convert, .extend: return register == .rax || register == .rdx ? nil : 0
    case .add where i.form == .registerImmediate && isWhole: return Int64(truncatingIfNeeded: Int32(truncatingIfNeeded: i.immediate))
    case .sub where i.form == .registerImmediate && isWhole: return -Int64(truncatingIfNeeded: Int32(truncatingIfNeeded: i.immediate))
    case .lea where isWhole && i.base == i.destination && i.index == 128: return Int64(truncatingIfNeeded: Int32(truncatingIfNeeded: i.displacement))
    default: return i.form == .memoryRegister || i.form == .memoryImmediate || i.destination / 8 != number ? 0 : nil
    }
  }

  /// The last instruction of a span is done: here its slow path comes back.
  mutating func endSpan(before next: Int) {
    guard let ending = span, next > ending.last else { return }
    span = nil
    lookedUp()
  }
}
