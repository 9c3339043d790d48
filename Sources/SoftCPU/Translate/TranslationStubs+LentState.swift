internal import Assembler

/// What of the host's state is lent to the guest, and given back: see LentState.
extension TranslationStubs {
  private static let control = Memory.gs(VectorArea.mxcsr)

  static func loadControl(_ asm: inout Assembler) -> Int {
    let (t0, t1) = (BlockTranslation.t0, BlockTranslation.t1)
    let begin = asm.position
    let raises = asm.makeLabel()
    asm.load(.long, t0, control)
    asm.apply(.and, .long, .register(t0), Int32(FloatControl.masks))
    asm.apply(.cmp, .long, .register(t0), Int32(FloatControl.masks))
    asm.jump(if: .notEqual, raises)
    asm.loadControl(control)
    asm.store(.byte, .gs(TranslatedState.hasControl), 1)
    asm.jump(to: .register(t1))
    asm.place(raises)
    asm.loadAddress(t1, Memory(t1, displacement: Int32(jumpSize)))
    asm.jump(to: .register(t1))
    return begin
  }

  /// The state for XSAVE and XRSTOR, in a copy: beside it the guest's has MXCSR and the vector registers.
  private static let image = Memory.gs(VectorArea.image), imageHeader = Memory.gs(VectorArea.image + 512)

  static func loadX87(_ asm: inout Assembler) -> Int {
    let begin = asm.position
    let raises = asm.makeLabel()
    let (rax, rdx) = (Memory.gs(TranslatedState.temporary), Memory.gs(TranslatedState.secondTemporary))
    asm.store(rax, .rax)
    asm.load(.long, .rax, .gs(VectorArea.control))
    // With all exceptions masked none is pending, whatever the status says.
    asm.apply(.and, .long, .register(.rax), Int32(bitPattern: ~0x8080_0000))
    asm.store(.long, image, .rax)
    emitMaskCheck(&asm, .rax, otherwise: raises)
    asm.emit(Opcode(0xB6, .two), .long, .register(.rax), .memory(.gs(VectorArea.tags)))
    asm.store(.long, .gs(VectorArea.image + 4), .rax)
    for place in stride(from: 0, to: 128, by: 8) {
      asm.load(.rax, .gs(VectorArea.mmx + place))
      asm.store(.gs(VectorArea.image + 32 + place), .rax)
    }
    asm.store(rdx, .rdx)
    asm.store(.quad, imageHeader, 1)
    asm.move(.rax, 1)
    asm.move(.rdx, 0)
    asm.emit(Opcode(0xAE, .two), .quad, .digit(5), .memory(image))
    asm.load(.rdx, rdx)
    asm.load(.rax, rax)
    asm.store(.byte, .gs(TranslatedState.hasX87), 1)
    asm.jump(to: .register(BlockTranslation.t1))
    asm.place(raises)
    asm.load(.rax, rax)
    asm.loadAddress(BlockTranslation.t1, Memory(BlockTranslation.t1, displacement: Int32(jumpSize)))
    asm.jump(to: .register(BlockTranslation.t1))
    return begin
  }

  /// Leaves unless a register has a control word of x87's that masks all exceptions; the register's low byte changes.
  static func emitMaskCheck(_ asm: inout Assembler, _ control: Register, otherwise no: Label) {
    asm.apply(.or, .byte, .register(control), ~0x3F)
    asm.apply(.cmp, .byte, .register(control), -1)
    asm.jump(if: .notEqual, no)
  }

  /// The host's own code is about to run. RAX and RDX change.
  static func giveBack(_ asm: inout Assembler) {
    let (x87, done) = (asm.makeLabel(), asm.makeLabel())
    asm.apply(.cmp, .word, .memory(.gs(TranslatedState.hasControl)), 0)
    asm.jump(if: .equal, done)
    asm.apply(.cmp, .byte, .memory(.gs(TranslatedState.hasControl)), 0)
    asm.jump(if: .equal, x87)
    asm.storeControl(control)
    asm.loadControl(.gs(VectorArea.hostControl))
    asm.store(.byte, .gs(TranslatedState.hasControl), 0)
    asm.place(x87)
    asm.apply(.cmp, .byte, .memory(.gs(TranslatedState.hasX87)), 0)
    asm.jump(if: .equal, done)
    asm.move(.rax, 1)
    asm.move(.rdx, 0)
    asm.emit(Opcode(0xAE, .two), .quad, .digit(4), .memory(image))
    asm.load(.long, .rax, image)
    asm.store(.long, .gs(VectorArea.control), .rax)
    asm.load(.byte, .rax, .gs(VectorArea.image + 4))
    asm.store(.byte, .gs(VectorArea.tags), .rax)
    for number in 0..<8 {
      asm.load(.rax, .gs(VectorArea.image + 32 + number * 16))
      asm.store(.gs(VectorArea.mmx + number * 16), .rax)
      asm.emit(Opcode(0xB7, .two), .long, .register(.rax), .memory(.gs(VectorArea.image + 40 + number * 16)))
      asm.store(.gs(VectorArea.mmx + number * 16 + 8), .rax)
    }
    // The host's own is always the initial one.
    asm.byte(0xDB)
    asm.byte(0xE3)
    asm.store(.byte, .gs(TranslatedState.hasX87), 0)
    asm.place(done)
  }
}
