/// RCPPS, RCPSS, RSQRTPS and RSQRTSS. Each maker's processors approximate in their own way, so that hosts would give
/// guests different results; here they are quotients as exact as DIVPS and SQRTPS make them, which is within the bounds
/// that all makers promise.
extension VectorStub {
  private static let (one, root): (UInt8, UInt8) = (5, 6)
  /// Denormal operands count as zero and denormal results are zero, exceptions are masked, as RCPPS has it by itself.
  private static let control: Int32 = 0x9FC0

  func emitReciprocal(_ code: inout HostCode) {
    code.rdi([0xC7], reg: 0, offset: VectorArea.workControl)
    code.emit32(Self.control)
    code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.workControl)
    emitOnes(&code)
    let divides: UInt8 = 0x5E
    let takesRoot = opcode == 0x52
    if takesRoot { emit(&code, 0x51, Self.root, Self.root, operand(Self.root)) }
    emit(&code, divides, Self.one, Self.one, takesRoot ? 0xC0 | Self.one << 3 | Self.root : operand(Self.one))
    // The scalar form keeps the rest of the destination, or of VEX.vvvv.
    let opcode: UInt8 = prefix == .repeatZero ? 0x10 : 0x28
    emit(&code, opcode, Self.reg, usesSource ? Self.source : 0, 0xC0 | Self.reg << 3 | Self.one)
  }

  /// 1.0 in every element: all ones, shifted left by 25 and right by 2.
  private func emitOnes(_ code: inout HostCode) {
    let number = Self.one
    let all = 0xC0 | number << 3 | number
    if isVEX {
      let second = (~number & 15) << 3 | (form.isLong ? 4 : 0) | 0x81
      code.emit(0xC5, second, 0x76, all)
      code.emit(0xC5, second, 0x72, 0xF0 | number, 25)
      code.emit(0xC5, second, 0x72, 0xD0 | number, 2)
    } else {
      code.emit(0x66, 0x0F, 0x76, all)
      code.emit(0x66, 0x0F, 0x72, 0xF0 | number, 25)
      code.emit(0x66, 0x0F, 0x72, 0xD0 | number, 2)
    }
  }

  /// ModRM of the instruction's own source.
  private func operand(_ register: UInt8) -> UInt8 { memory ? register << 3 | Self.rmPlace : 0xC0 | register << 3 | Self.rm }

  /// An instruction of map 0F with this one's prefix and length.
  private func emit(_ code: inout HostCode, _ opcode: UInt8, _ register: UInt8, _ source: UInt8, _ modRM: UInt8) {
    if isVEX {
      // VSQRTPS and VMOVAPS have no source.
      let named = prefix == .none && opcode != 0x5E ? 0 : source
      code.emit(0xC5, 0x80 | (~named & 15) << 3 | (form.isLong ? 4 : 0) | UInt8(truncatingIfNeeded: prefix.rawValue), opcode, modRM)
    } else {
      if prefix == .repeatZero { code.emit(0xF3) }
      code.emit(0x0F, opcode, modRM)
    }
  }
}
