internal import Assembler

/// BMI1, BMI2 and ADX, and the general instructions of the map 0F38: the host's own.
extension BlockTranslation {
  mutating func emitBitField(_ i: Instruction, _ k: Int) -> Bool {
    guard context.hasBitCounts else { return false }
    // VEX.vvvv is a target, too, of MULX and of BLSR and its like; RDX is a source of MULX, and never a temporary's.
    if hasHome(i.vvvv &* 8) { return false }
    let further: UInt8 = i.operation == .rorx ? 0 : i.vvvv
    let isReg = ![.blsr, .blsmsk, .blsi].contains(i.operation)
    var from: ModRM
    if i.isMemory {
      from = .memory(look(MemoryAccess(operand: i, size: Int(i.width), write: false), k))
    } else {
      from = source(i.rm &* 8)
    }
    let target = isReg ? place(i.reg &* 8, Self.t1, isRead: false) : nil
    let vex = Assembler.Extension(isWide: i.width == 8, source: further)
    let map: Opcode.Map = i.operation == .rorx ? .three3A : .three38
    asm.emit(Opcode(i.opcode, map, prefix(i)), vex, target?.field ?? .digit(i.extension3), from)
    if i.operation == .rorx { asm.byte(UInt8(truncatingIfNeeded: i.immediate)) }
    noteFlags(i)
    if let target { written(target) }
    if i.isMemory { lookedUp() }
    return true
  }

  /// CRC32, MOVBE, ADCX and ADOX. CRC32's source may be a byte, its target is none.
  mutating func emitMap38(_ i: Instruction, _ k: Int) -> Bool {
    guard context.hasBitCounts, !usesHighBytes(i) else { return false }
    let stores = i.operation == .moveBE && i.form == .memoryRegister
    let width: Width = i.operation == .crc32 ? (i.prefixes.contains(.rexW) ? .quad : .long) : self.width(i)
    // CRC32 chooses its source's width by the opcode and the operand-size prefix.
    let isShort = i.operation == .crc32 && i.width == 2
    let reg = i.reg &* 8
    var from: ModRM
    if i.isMemory {
      from = .memory(look(MemoryAccess(operand: i, size: Int(i.width), write: stores), k))
    } else {
      from = source(i.rm &* 8)
    }
    needFlags(i, k)
    let target = place(reg, Self.t1, isRead: stores || i.operation != .moveBE || i.width < 4)
    if isShort { asm.byte(0x66) }
    asm.emit(Opcode(i.opcode, .three38, prefix(i)), width, target.field, from, hasByte: i.width == 1)
    noteFlags(i)
    if !stores { written(target) }
    if i.isMemory { lookedUp() }
    return true
  }

  /// What is part of the opcode; MOVBE ignores prefixes that are not about its size.
  private func prefix(_ i: Instruction) -> Opcode.Prefix {
    switch i.operation {
    case .moveBE: .none
    case .crc32: .repeatNonzero
    default:
      i.prefixes.contains(.repeatZero) ? .repeatZero
        : i.prefixes.contains(.repeatNonzero) ? .repeatNonzero : i.prefixes.contains(.operandSize) ? .operandSize : .none
    }
  }
}
