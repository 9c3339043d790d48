/// Writes x86-64 instructions, as bytes that may be placed anywhere: jumps are relative.
///
/// `emit` can encode every instruction with a ModRM byte; the named functions of the extensions are for what people
/// write by hand. Labels stand for places in these bytes, also for those yet to come.
public struct Assembler: Sendable {
  /// The bytes so far, eight in each word, and room for more. Behind the last byte its word is zero.
  public private(set) var words = [UInt64](repeating: 0, count: 512)
  public private(set) var position = 0
  var fixups: [(place: Int, label: Label)] = []
  var labels: [Int] = []

  public init() {}

  public var bytes: [UInt8] { (0..<position).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) } }

  /// Begins anew, with the memory that is there.
  public mutating func clear() {
    position = 0
    words[0] = 0
    fixups.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
  }

  // MARK: Raw bytes

  public mutating func byte(_ value: UInt8) { append(UInt128(value), 1) }
  public mutating func word(_ value: UInt16) { append(UInt128(value), 2) }
  public mutating func long(_ value: Int32) { append(UInt128(UInt32(bitPattern: value)), 4) }
  public mutating func quad(_ value: UInt64) { append(UInt128(value), 8) }

  /// At most 16 bytes, the lowest first.
  mutating func append(_ bytes: UInt128, _ count: Int) {
    let (first, shift) = (position >> 3, UInt64(position & 7) * 8)
    let (low, high) = (UInt64(truncatingIfNeeded: bytes), UInt64(truncatingIfNeeded: bytes >> 64))
    var span = words.mutableSpan
    span[first] |= low &<< shift
    // What does not fit a word goes on in the next. Nothing does where a word begins: hence two steps.
    span[first + 1] = high &<< shift | (low &>> 1) &>> (63 &- shift)
    span[first + 2] = (high &>> 1) &>> (63 &- shift)
    position += count
    if position >> 3 + 3 > words.count { words += [UInt64](repeating: 0, count: words.count) }
  }

  /// An immediate operand of at most four bytes.
  public mutating func immediate(_ value: UInt64, _ width: Width) {
    switch width {
    case .byte: byte(UInt8(truncatingIfNeeded: value))
    case .word: word(UInt16(truncatingIfNeeded: value))
    case .long, .quad: long(Int32(truncatingIfNeeded: value))
    }
  }

  /// NOPs up to a multiple of a power of two.
  public mutating func align(_ size: Int) { while position & (size - 1) != 0 { byte(0x90) } }

  /// Writes four bytes that are there already.
  mutating func patch(_ place: Int, _ value: Int32) {
    let (first, shift) = (place >> 3, UInt128(place & 7) * 8)
    let pair = UInt128(words[first + 1]) << 64 | UInt128(words[first])
    let patched = pair & ~(0xFFFF_FFFF << shift) | UInt128(UInt32(bitPattern: value)) << shift
    words[first] = UInt64(truncatingIfNeeded: patched)
    words[first + 1] = UInt64(truncatingIfNeeded: patched >> 64)
  }

  // MARK: Instructions

  /// An instruction with a ModRM byte: prefixes, opcode, and operands but for an immediate.
  ///
  /// Width chooses the operand-size prefix and REX.W; the opcode itself tells bytes from the rest. High byte registers
  /// exist only where nothing else needs a REX prefix.
  /// - Parameter hasByte: `rm` is a byte though the instruction's width is not, as with MOVZX.
  public mutating func emit(
    _ opcode: Opcode, _ width: Width, _ reg: Field, _ rm: ModRM, isLocked: Bool = false, hasByte: Bool = false
  ) {
    var code = InstructionBytes()
    if case .memory(let memory) = rm, memory.isInGS { code.add(0x65) }
    if isLocked { code.add(0xF0) }
    if width == .word { code.add(0x66) }
    switch opcode.prefix {
    case .none: break
    case .operandSize: code.add(0x66)
    case .repeatZero: code.add(0xF3)
    case .repeatNonzero: code.add(0xF2)
    }
    let rex = Self.extensions(reg, rm) | (width == .quad ? 8 : 0)
    if rex != 0 || width == .byte && Self.needsREX(reg) || (width == .byte || hasByte) && Self.needsREX(rm) { code.add(0x40 | rex) }
    switch opcode.map {
    case .one: break
    case .two: code.add(0x0F)
    case .three38: code.add(0x380F, 2)
    case .three3A: code.add(0x3A0F, 2)
    }
    code.add(opcode.byte)
    Self.add(reg, rm, to: &code)
    append(code.value, code.count)
  }

  /// REX.R, X and B.
  static func extensions(_ reg: Field, _ rm: ModRM) -> UInt8 {
    var rex = number(reg) >> 1 & 4
    switch rm {
    case .register(let register), .high(let register): rex |= register.rawValue >> 3
    case .vector(let number): rex |= number >> 3 & 1
    case .memory(let memory):
      if let base = memory.base { rex |= base.rawValue >> 3 }
      if let index = memory.index { rex |= index.rawValue >> 2 & 2 }
    }
    return rex
  }

  private static func number(_ reg: Field) -> UInt8 {
    switch reg {
    case .register(let register): register.rawValue
    case .high(let register): register.rawValue | 4
    case .vector(let number): number & 15
    case .digit(let digit): digit & 7
    }
  }

  /// Without a REX prefix SPL to DIL would be AH to BH.
  private static func needsREX(_ reg: Field) -> Bool {
    if case .register(let register) = reg { register.rawValue & 12 == 4 } else { false }
  }
  private static func needsREX(_ rm: ModRM) -> Bool {
    if case .register(let register) = rm { register.rawValue & 12 == 4 } else { false }
  }

  /// ModRM, SIB and displacement.
  static func add(_ reg: Field, _ rm: ModRM, to code: inout InstructionBytes) {
    let middle = (number(reg) & 7) << 3
    switch rm {
    case .register(let register): code.add(0xC0 | middle | register.rawValue & 7)
    case .high(let register): code.add(0xC0 | middle | register.rawValue & 3 | 4)
    case .vector(let number): code.add(0xC0 | middle | number & 7)
    case .memory(let memory): add(memory, middle, to: &code)
    }
  }

  private static func add(_ memory: Memory, _ middle: UInt8, to code: inout InstructionBytes) {
    let index = (memory.index?.rawValue ?? 4) & 7
    let displacement = UInt128(UInt32(bitPattern: memory.displacement))
    guard let base = memory.base?.rawValue else {
      code.add(middle | 4)
      code.add(memory.scale << 6 | index << 3 | 5)
      return code.add(displacement, 4)
    }
    // RBP and R13 as a base have a displacement always, RSP and R12 a second byte.
    let isShort = memory.displacement >= -128 && memory.displacement < 128
    let mode: UInt8 = memory.displacement == 0 && base & 7 != 5 ? 0 : isShort ? 0x40 : 0x80
    if memory.index != nil || base & 7 == 4 {
      code.add(mode | middle | 4)
      code.add(memory.scale << 6 | index << 3 | base & 7)
    } else {
      code.add(mode | middle | base & 7)
    }
    if mode == 0x40 { code.add(UInt8(truncatingIfNeeded: memory.displacement)) } else if mode == 0x80 { code.add(displacement, 4) }
  }
}
