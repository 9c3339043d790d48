extension Decoder {
  /// Which x87 instruction one of the opcodes D8 to DF is; if the host executes it, the place of its code.
  func resolveX87(_ i: inout InstructionRecord, _ operation: inout Operation) {
    guard operation == .x87 else { return }
    let modRM = 0xC0 | (i.reg & 7) << 3 | i.rm & 7
    if let control = i.isMemory ? Self.memoryControl(i.opcode, i.reg & 7) : Self.registerControl(i.opcode, modRM) {
      return operation = control
    }
    operation = .x87Undefined
    let key = 1 << 31 | UInt32(i.opcode) << 8 | UInt32(modRM) | (i.isMemory ? 1 << 16 : 0)
    guard let form = i.isMemory ? X87Form.memory(i.opcode, i.reg & 7) : X87Form.register(i.opcode, modRM),
      let code = VectorStubs.shared.place(key, { form.code(i.opcode, modRM) })
    else { return }
    operation = form.setsFlags ? .x87Compare : form.readsFlags ? .x87Move : .x87
    i.immediate = code
    i.width = form.size
    if form.stores { i.prefixes.insert(.writes) }
  }

  private static func memoryControl(_ opcode: UInt8, _ extended: UInt8) -> Operation? {
    switch (opcode, extended) {
    case (0xD9, 4): .fldenv
    case (0xD9, 5): .fldcw
    case (0xD9, 6): .fnstenv
    case (0xD9, 7): .fnstcw
    case (0xDD, 4): .frstor
    case (0xDD, 6): .fnsave
    case (0xDD, 7): .fnstsw
    default: nil
    }
  }

  private static func registerControl(_ opcode: UInt8, _ modRM: UInt8) -> Operation? {
    switch (opcode, modRM) {
    case (0xDB, 0xE0), (0xDB, 0xE1), (0xDB, 0xE4): .fneni
    case (0xDB, 0xE2): .fnclex
    case (0xDB, 0xE3): .fninit
    case (0xDF, 0xE0): .fnstswAX
    default: nil
    }
  }
}
