/// Where an instruction's destination and source are.
enum Form: UInt8 {
  case registerRegister, registerImmediate, registerMemory, memoryRegister, memoryImmediate
}

/// A form of operands of one width.
enum Shape: UInt8 {
  case registerRegister8, registerRegister16, registerRegister32, registerRegister64
  case registerImmediate8, registerImmediate16, registerImmediate32, registerImmediate64
  case registerMemory8, registerMemory16, registerMemory32, registerMemory64
  case memoryRegister8, memoryRegister16, memoryRegister32, memoryRegister64
  case memoryImmediate8, memoryImmediate16, memoryImmediate32, memoryImmediate64

  init(_ form: Form, _ width: UInt8) {
    self = Shape(rawValue: form.rawValue * 4 + UInt8(truncatingIfNeeded: width.trailingZeroBitCount)) ?? .registerImmediate32
  }
}
