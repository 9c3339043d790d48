/// Writes x86-64 instructions, as bytes that may be placed anywhere: jumps are relative.
///
/// `emit` can encode every instruction with a ModRM byte; the named functions of the extensions are for what people
/// write by hand. Labels stand for places in these bytes, also for those yet to come.
public struct Assembler: Sendable {
  /// The bytes so far, and room for more.
  private var storage = [UInt8](repeating: 0, count: 4096)
  public private(set) var position = 0
  var fixups: [(place: Int, label: Label)] = []
  var labels: [Int] = []

  public init() {}

  public var bytes: [UInt8] { [UInt8](storage[..<position]) }

  /// Begins anew, with the memory that is there.
  public mutating func clear() {
    position = 0
    fixups.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
  }

  // MARK: Raw bytes

  public mutating func byte(_ value: UInt8) { append(value) }
  public mutating func word(_ value: UInt16) { append(value) }
  public mutating func long(_ value: Int32) { append(value) }
  public mutating func quad(_ value: UInt64) { append(value) }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    let size = MemoryLayout<T>.size
    if position + size > storage.count { storage += [UInt8](repeating: 0, count: storage.count) }
    put(value, at: position)
    position += size
  }

  private mutating func put<T: FixedWidthInteger>(_ value: T, at place: Int) {
    var span = storage.mutableSpan
    for k in 0..<MemoryLayout<T>.size { span[place + k] = UInt8(truncatingIfNeeded: value >> T(8 * k)) }
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

  mutating func patch(_ place: Int, _ value: Int32) {
    put(value, at: place)
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
    if case .memory(let memory) = rm, memory.isInGS { byte(0x65) }
    if isLocked { byte(0xF0) }
    if width == .word { byte(0x66) }
    switch opcode.prefix {
    case .none: break
    case .operandSize: byte(0x66)
    case .repeatZero: byte(0xF3)
    case .repeatNonzero: byte(0xF2)
    }
    let rex = Self.extensions(reg, rm) | (width == .quad ? 8 : 0)
    if rex != 0 || width == .byte && Self.needsREX(reg) || (width == .byte || hasByte) && Self.needsREX(rm) { byte(0x40 | rex) }
    switch opcode.map {
    case .one: break
    case .two: byte(0x0F)
    case .three38: word(0x380F)
    case .three3A: word(0x3A0F)
    }
    byte(opcode.byte)
    modRM(reg, rm)
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

  mutating func modRM(_ reg: Field, _ rm: ModRM) {
    let middle = (Self.number(reg) & 7) << 3
    switch rm {
    case .register(let register): byte(0xC0 | middle | register.rawValue & 7)
    case .high(let register): byte(0xC0 | middle | register.rawValue & 3 | 4)
    case .vector(let number): byte(0xC0 | middle | number & 7)
    case .memory(let memory): self.memory(memory, middle)
    }
  }

  private mutating func memory(_ memory: Memory, _ middle: UInt8) {
    let index = (memory.index?.rawValue ?? 4) & 7
    guard let base = memory.base?.rawValue else {
      byte(middle | 4)
      byte(memory.scale << 6 | index << 3 | 5)
      return long(memory.displacement)
    }
    // RBP and R13 as a base have a displacement always, RSP and R12 a second byte.
    let isShort = memory.displacement >= -128 && memory.displacement < 128
    let mode: UInt8 = memory.displacement == 0 && base & 7 != 5 ? 0 : isShort ? 0x40 : 0x80
    if memory.index != nil || base & 7 == 4 {
      byte(mode | middle | 4)
      byte(memory.scale << 6 | index << 3 | base & 7)
    } else {
      byte(mode | middle | base & 7)
    }
    if mode == 0x40 { byte(UInt8(truncatingIfNeeded: memory.displacement)) } else if mode == 0x80 { long(memory.displacement) }
  }
}
