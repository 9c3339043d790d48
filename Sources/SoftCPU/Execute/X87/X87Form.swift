/// How one x87 instruction that the host executes for us uses memory and the flags.
struct X87Form {
  /// Bytes it reads or writes; 0 without memory.
  var size: UInt8 = 0
  var stores = false
  /// FCOMI and its kind set the arithmetic flags, FCMOVcc reads them.
  var setsFlags = false
  var readsFlags = false

  /// The form of a memory operand by opcode (D8 to DF) and extension; nil where none exists, or where it moves
  /// control words and environments.
  static func memory(_ opcode: UInt8, _ extended: UInt8) -> X87Form? {
    let stores = (1...3).contains(extended)
    switch (opcode, extended) {
    // FADD, FMUL, FCOM, FCOMP, FSUB, FSUBR, FDIV and FDIVR, and the same of integers: FIADD, FIMUL, FICOM, FICOMP, FISUB,
    // FISUBR, FIDIV, FIDIVR
    case (0xD8, _), (0xDA, _): return X87Form(size: 4)
    case (0xDC, _): return X87Form(size: 8)
    case (0xDE, _): return X87Form(size: 2)
    // FLD, FILD; FST, FSTP; FISTTP, FIST, FISTP
    case (0xD9, 0), (0xDB, 0): return X87Form(size: 4)
    case (0xD9, 2), (0xD9, 3): return X87Form(size: 4, stores: true)
    case (0xDB, 1...3): return X87Form(size: 4, stores: true)
    case (0xDB, 5): return X87Form(size: 10)
    case (0xDB, 7): return X87Form(size: 10, stores: true)
    case (0xDD, 0...3): return X87Form(size: 8, stores: stores)
    case (0xDF, 0...3): return X87Form(size: 2, stores: stores)
    // FBLD, FILD, FBSTP, FISTP
    case (0xDF, 4): return X87Form(size: 10)
    case (0xDF, 5): return X87Form(size: 8)
    case (0xDF, 6): return X87Form(size: 10, stores: true)
    case (0xDF, 7): return X87Form(size: 8, stores: true)
    default: return nil
    }
  }

  /// The form of a register operand by opcode and the whole ModRM byte.
  static func register(_ opcode: UInt8, _ modrm: UInt8) -> X87Form? {
    switch (opcode, modrm) {
    // FADD, FMUL, FCOM, FCOMP, FSUB, FSUBR, FDIV, FDIVR
    case (0xD8, _), (0xDC, _): return X87Form()
    // FLD, FXCH, FNOP, FSTP; FCHS, FABS, FTST, FXAM
    case (0xD9, 0xC0...0xD0), (0xD9, 0xD8...0xDF), (0xD9, 0xE0...0xE1), (0xD9, 0xE4...0xE5): return X87Form()
    // FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ; F2XM1, FYL2X, FPTAN, FPATAN, FXTRACT, FPREM1, FDECSTP, FINCSTP, FPREM,
    // FYL2XP1, FSQRT, FSINCOS, FRNDINT, FSCALE, FSIN, FCOS
    case (0xD9, 0xE8...0xEE), (0xD9, 0xF0...0xFF): return X87Form()
    // FCMOVB, FCMOVE, FCMOVBE, FCMOVU; FUCOMPP
    case (0xDA, 0xC0...0xDF): return X87Form(readsFlags: true)
    case (0xDA, 0xE9): return X87Form()
    // FCMOVNB, FCMOVNE, FCMOVNBE, FCMOVNU; FUCOMI, FCOMI, FUCOMIP, FCOMIP
    case (0xDB, 0xC0...0xDF): return X87Form(readsFlags: true)
    case (0xDB, 0xE8...0xF7), (0xDF, 0xE8...0xF7): return X87Form(setsFlags: true)
    // FFREE, FXCH, FST, FSTP, FUCOM, FUCOMP; FADDP, FMULP, FCOMPP, FSUBRP, FSUBP, FDIVRP, FDIVP; FFREEP and others of old
    case (0xDD, 0xC0...0xEF): return X87Form()
    case (0xDE, 0xC0...0xD7), (0xDE, 0xD9), (0xDE, 0xE0...0xFF): return X87Form()
    case (0xDF, 0xC0...0xDF): return X87Form()
    default: return nil
    }
  }

  /// Loads the masked image, does the instruction, and saves the image again.
  func code(_ opcode: UInt8, _ modrm: UInt8) -> HostCode {
    var code = HostCode()
    code.rdi(wide: true, [0x0F, 0xAE], reg: 1, offset: VectorArea.image)
    if readsFlags {
      code.rdi([0xFF], reg: 6, offset: VectorArea.flags)
      code.emit(0x9D)
    }
    code.emit(opcode, size > 0 ? modrm & 0x38 | 2 : modrm)
    if setsFlags {
      code.emit(0x9C)
      code.rdi([0x8F], reg: 0, offset: VectorArea.flags)
    }
    code.rdi(wide: true, [0x0F, 0xAE], reg: 0, offset: VectorArea.image)
    code.emit(0xDB, 0xE3)  // fninit: the host's own x87 state is always the initial one.
    code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.hostControl)
    code.emit(0xC3)
    return code
  }
}
