extension InstructionRecord {
  /// Gives the commonest instructions an operation of their own: more than half of all that run then
  /// need one switch, not two.
  mutating func specialise() {
    switch (operation, shape) {
    case (.move, .registerMemory64): operation = .load64
    case (.move, .registerMemory32): operation = .load32
    case (.move, .memoryRegister64): operation = .store64
    case (.move, .memoryRegister32): operation = .store32
    case (.move, .registerRegister64): operation = .copy64
    case (.move, .registerRegister32): operation = .copy32
    case (.add, .registerRegister64): operation = .add64
    case (.add, .registerImmediate64): operation = .addImmediate64
    case (.sub, .registerImmediate64): operation = .subtractImmediate64
    case (.cmp, .registerRegister64): operation = .compare64
    case (.cmp, .registerImmediate64): operation = .compareImmediate64
    case (.cmp, .registerRegister32): operation = .compare32
    case (.cmp, .registerImmediate32): operation = .compareImmediate32
    case (.test, .registerRegister64): operation = .test64
    case (.test, .registerRegister32): operation = .test32
    case (.xor, .registerRegister32): operation = .xor32
    case (.and, .registerImmediate32): operation = .andImmediate32
    case (.lea, _) where width == 8: operation = .lea64
    case (.push, _) where width == 8 && !isMemory: operation = .push64
    case (.pop, _) where width == 8 && !isMemory: operation = .pop64
    case (.jcc, _) where opcode & 15 == 4: operation = .jumpIfZero
    case (.jcc, _) where opcode & 15 == 5: operation = .jumpUnlessZero
    default: break
    }
  }
}
