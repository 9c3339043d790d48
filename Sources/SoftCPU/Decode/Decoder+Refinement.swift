extension Decoder {
  /// The few opcodes whose meaning depends on more than the table tells.
  func refine(_ i: inout InstructionRecord, _ operation: inout Operation, _ is64: Bool) {
    let group = i.reg & 7
    let hasChoosingPrefix = !i.prefixes.isDisjoint(with: [.operandSize, .repeatZero, .repeatNonzero])
    switch (i.map, i.opcode) {
    case (0, 0x63) where !is64:
      operation = .arpl
      i.width = 2
      i.form = i.isMemory ? .memoryRegister : .registerRegister
      (i.destination, i.source) = (i.rm * 8, i.reg * 8)
    case (0, 0x90) where i.rm == 0: operation = i.prefixes.contains(.repeatZero) ? .pause : .nop
    // LOOPNE and LOOPE: a repeat prefix chooses, whatever the opcode.
    case (0, 0xE0), (0, 0xE1):
      if !i.prefixes.isDisjoint(with: .repeated) { operation = i.prefixes.contains(.repeatZero) ? .loope : .loopne }
    case (0, 0x06), (0, 0x07), (0, 0x0E), (0, 0x16), (0, 0x17), (0, 0x1E), (0, 0x1F), (1, 0xA0), (1, 0xA1), (1, 0xA8), (1, 0xA9):
      i.reg = i.opcode >> 3 & 7
    // How much more RET drops is a number without a sign.
    case (0, 0xC2), (0, 0xCA): i.immediate &= 0xFFFF
    // There are six segment registers, and nobody moves to CS.
    case (0, 0x8C) where group > 5: operation = .undefined
    case (0, 0x8E) where group > 5 || group == 1: operation = .undefined
    case (0, 0x8D), (0, 0xC4), (0, 0xC5), (0, 0x62), (1, 0xB2), (1, 0xB4), (1, 0xB5):
      if !i.isMemory { operation = .undefined }
    case (0, 0xFF) where (group == 3 || group == 5) && !i.isMemory: operation = .undefined
    case (1, 0x0D) where !i.isMemory: operation = .undefined
    case (1, 0x01) where !i.isMemory:
      switch (group, i.rm & 7) {
      case (0, 1): operation = .hypercall
      case (1, 2): operation = .clac
      case (1, 3): operation = .stac
      case (2, 0): operation = .xgetbv
      case (2, 1): operation = .xsetbv
      case (3, 1): operation = .hypercall
      case (4, _): operation = .smsw
      // SERIALIZE: code that was written is noticed at once, and nothing here runs ahead.
      case (5, 0) where !hasChoosingPrefix: operation = .nop
      case (5, 6) where !hasChoosingPrefix: operation = .rdpkru
      case (5, 7) where !hasChoosingPrefix: operation = .wrpkru
      case (6, _): operation = .lmsw
      case (7, 0): operation = is64 ? .swapgs : .undefined
      case (7, 1): operation = .rdtscp
      default: operation = .undefined
      }
    case (1, 0xAE):
      if i.isMemory {
        // CLFLUSH, CLFLUSHOPT and CLWB: guest memory is always coherent. So it is for the fences.
        let isFlush = group == 7 || group == 6 && i.prefixes.contains(.operandSize)
        if isFlush { operation = .nop } else if hasChoosingPrefix { operation = .undefined }
      } else if i.prefixes.contains(.repeatZero) && group < 4 {
        operation = is64 ? [.rdfsbase, .rdgsbase, .wrfsbase, .wrgsbase][Int(group)] : .undefined
        i.width = i.prefixes.contains(.rexW) ? 8 : 4
      } else {
        operation = group >= 5 ? .nop : .undefined
      }
    case (1, 0xB8): if !i.prefixes.contains(.repeatZero) { operation = .undefined }
    case (1, 0xBC) where i.prefixes.contains(.repeatZero): operation = .tzcnt
    case (1, 0xBD) where i.prefixes.contains(.repeatZero): operation = .lzcnt
    // MOVNTI.
    case (1, 0xC3) where !i.isMemory || hasChoosingPrefix:
      operation = .undefined
    case (1, 0xC7):
      if i.isMemory && group >= 6 || !i.isMemory && group < 6 { operation = .undefined }
      if operation == .xsavec, hasChoosingPrefix { operation = .undefined }
      if group >= 6, operation != .undefined, i.prefixes.contains(.repeatZero) { operation = group == 7 ? .rdpid : .undefined }
      if operation == .rdrand || operation == .rdseed { i.width = i.prefixes.contains(.rexW) ? 8 : i.prefixes.contains(.operandSize) ? 2 : 4 }
    case (1, 0xF7):
      if i.isMemory || !i.prefixes.isDisjoint(with: .repeated) { operation = .undefined } else if i.prefixes.contains(.operandSize) { operation = .maskmovdqu }
    case (2, 0xF0), (2, 0xF1):
      if i.prefixes.contains(.repeatNonzero) {
        operation = .crc32
        (i.destination, i.source) = (i.reg * 8, i.rm * 8)
        if i.opcode == 0xF0 {
          i.width = 1
          if !i.prefixes.contains(.rex) && i.rm & 12 == 4 { i.source = (i.rm - 4) * 8 + 1 }
        }
      } else if !i.isMemory { operation = .undefined }
    case (2, 0xF6):
      operation = i.prefixes.contains(.repeatZero) ? .adox : i.prefixes.contains(.repeatNonzero) ? .undefined : operation
      if operation == .adcx, !i.prefixes.contains(.operandSize) { operation = .undefined }
    case (5..., _): refineVEX(&i, &operation)
    case (2, 0x80...0x82):
      operation = i.opcode == 0x82 && i.isMemory && i.prefixes.contains(.operandSize) ? .invpcid : .undefined
    default: break
    }
  }
}

extension Decoder {
  /// The prefix within VEX chooses among the instructions of an opcode.
  private func refineVEX(_ i: inout InstructionRecord, _ operation: inout Operation) {
    let prefix = i.prefixes.intersection([.operandSize, .repeatZero, .repeatNonzero])
    let isShort = i.vectorLength == 0
    switch operation {
    case .vector: return
    case .vldmxcsr, .vstmxcsr:
      if !i.isMemory || i.vvvv != 0 || !isShort || prefix != [] { operation = .undefined }
      return
    case .vmaskmovdqu:
      if i.isMemory || i.vvvv != 0 || !isShort || prefix != .operandSize { operation = .undefined }
      return
    case .vzeroupper:
      operation = i.vvvv != 0 || prefix != [] ? .undefined : isShort ? .vzeroupper : .vzeroall
      return
    case .vmaskmovLoad, .vmaskmovStore, .vgatherd, .vgatherq:
      if !i.isMemory || prefix != .operandSize || !resolveElements(&i) { operation = .undefined }
      return
    default: break
    }
    if !isShort { return operation = .undefined }
    switch (i.map, i.opcode, prefix) {
    case (6, 0xF5, .repeatZero): operation = .pext
    case (6, 0xF5, .repeatNonzero): operation = .pdep
    case (6, 0xF6, .repeatNonzero): break
    case (6, 0xF2...0xF5, []), (6, 0xF7, []): break
    case (6, 0xF7, _): operation = prefix == .operandSize ? .shlx : prefix == .repeatNonzero ? .shrx : .sarx
    case (7, 0xF0, .repeatNonzero) where i.vvvv == 0: break
    default: operation = .undefined
    }
  }

  /// The size of the elements that a mask chooses, and the number of a gather's register of indices; whether there is such an
  /// instruction.
  private func resolveElements(_ i: inout InstructionRecord) -> Bool {
    let isWide = i.prefixes.contains(.vexW)
    switch i.opcode {
    case 0x2C...0x2F:
      i.width = i.opcode & 1 == 0 ? 4 : 8
      return !isWide
    case 0x90...0x93:
      guard i.rm & 7 == 4, i.addressWidth != 2 else { return false }
      i.width = isWide ? 8 : 4
      // Without an index there is no such register; number 4 is one of vectors.
      if i.index == 128 { i.index = 4 * 8 }
      return i.reg != i.vvvv && i.reg * 8 != i.index && i.vvvv * 8 != i.index
    default:
      i.width = isWide ? 8 : 4
      return true
    }
  }
}
