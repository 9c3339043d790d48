/// A general register of the host.
public enum Register: UInt8, CaseIterable, Sendable {
  case rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15

  /// The register with the low four bits of a number.
  @inlinable public init(number: UInt8) { self = Register(rawValue: number & 15) ?? .rax }
}

/// How many bytes an instruction works on.
public enum Width: UInt8, CaseIterable, Sendable {
  case byte = 1, word = 2, long = 4, quad = 8
}

/// One of the sixteen conditions, by its number in opcodes.
public enum Condition: UInt8, CaseIterable, Sendable {
  case overflow, notOverflow, below, notBelow, equal, notEqual, notAbove, above
  case negative, notNegative, parity, notParity, less, notLess, notGreater, greater

  /// The condition with the low four bits of an opcode.
  @inlinable public init(number: UInt8) { self = Condition(rawValue: number & 15) ?? .overflow }
  public var inverted: Condition { Condition(number: rawValue ^ 1) }
}
