import GuestRAM
import Primitives
import Processor
import Testing

@testable import SoftCPU

/// x87 and MMX in translated code, where the host's own stack of registers is the guest's.
@Suite("x87 in translated code", .enabled(if: VectorStubs.shared.hasXSAVE, "this host has no XSAVE")) struct TranslatedX87 {
  /// Both tiers' answers, and whether the translator did without the interpreter.
  private func answers(_ code: [UInt8], _ prepare: (TranslatedGuest) throws -> Void = { _ in }) throws -> (interpreted: UInt64, translated: UInt64, helped: [String]) {
    let (plain, quick) = (try TranslatedGuest(code), try TranslatedGuest(code))
    try prepare(plain)
    try prepare(quick)
    let answers = (try plain.runInterpreted(), try quick.run())
    let place = Core.vectorState
    for k in 0..<24 { #expect(plain.processor.core.load(place + k, as: UInt8.self) == quick.processor.core.load(place + k, as: UInt8.self), "byte \(k)") }
    return (answers.0, answers.1, quick.processor.translator.tally.helped.keys.filter { $0 != "halt" })
  }

  @Test("a sum of products is the same, and no instruction of it is the interpreter's")
  func sum() throws {
    // fninit; fldz; mov ecx, 100; l: fild dword [0x3000]; fmul qword [0x3008]; faddp; dec ecx; jnz l; fld1; fcomi st1; fcmovb st1; fistp qword [0x3010]
    // fstp st0; fnstsw ax; fnstcw [0x3018]; mov rax, [0x3010]; hlt
    let code: [UInt8] = [
      0xDB, 0xE3, 0xD9, 0xEE, 0xB9, 100, 0, 0, 0, 0xDB, 0x04, 0x25, 0, 0x30, 0, 0, 0xDC, 0x0C, 0x25, 8, 0x30, 0, 0, 0xDE, 0xC1, 0xFF, 0xC9, 0x75, 0xEC,
      0xD9, 0xE8, 0xDB, 0xF1, 0xDA, 0xC1, 0xDF, 0x3C, 0x25, 0x10, 0x30, 0, 0, 0xDD, 0xD8, 0xDF, 0xE0, 0xD9, 0x3C, 0x25, 0x18, 0x30, 0, 0,
      0x48, 0x8B, 0x04, 0x25, 0x10, 0x30, 0, 0, 0xF4,
    ]
    let (interpreted, translated, helped) = try answers(code) {
      try $0.memory.store(UInt32(7), at: 0x3000)
      try $0.memory.store((1.5).bitPattern, at: 0x3008)
    }
    #expect(interpreted == 1050 && translated == 1050)
    #expect(helped == ["fninit"], "what is there at reset masks nothing, and is not lent")
  }

  @Test("MMX empties and fills the same registers")
  func multimedia() throws {
    // fninit; movq mm0, [0x3000]; paddw mm0, mm0; movd eax, mm0; emms; hlt
    let code: [UInt8] = [0xDB, 0xE3, 0x0F, 0x6F, 0x04, 0x25, 0, 0x30, 0, 0, 0x0F, 0xFD, 0xC0, 0x0F, 0x7E, 0xC0, 0x0F, 0x77, 0xF4]
    let (interpreted, translated, helped) = try answers(code) { try $0.memory.store(UInt64(0x0001_0002_0003_8004), at: 0x3000) }
    #expect(interpreted == translated && translated == 0x0006_0008)
    #expect(helped == ["fninit"], "what is there at reset masks nothing, and is not lent")
  }

  @Test("what the interpreter does in between finds the guest's registers, and leaves its own")
  func between() throws {
    // fninit; fld1; fnsave [0x3000]; frstor [0x3000]; fld1; faddp; fistp dword [0x3100]; mov eax, [0x3100]; hlt
    let code: [UInt8] = [
      0xDB, 0xE3, 0xD9, 0xE8, 0xDD, 0x34, 0x25, 0, 0x30, 0, 0, 0xDD, 0x24, 0x25, 0, 0x30, 0, 0, 0xD9, 0xE8, 0xDE, 0xC1, 0xDB, 0x1C, 0x25, 0, 0x31, 0, 0,
      0x8B, 0x04, 0x25, 0, 0x31, 0, 0, 0xF4,
    ]
    let (interpreted, translated, _) = try answers(code)
    #expect(interpreted == 2 && translated == 2)
  }

  @Test("where a system has not enabled SSE, x87 between accesses by one register is the interpreter's")
  func withoutSSE() throws {
    // fninit; mov esi, 0x3000; mov dword [rsi], 40; fild dword [rsi]; mov dword [rsi], 2; fiadd dword [rsi]; fistp dword [rsi]; mov eax, [rsi]; hlt
    let code: [UInt8] = [
      0xDB, 0xE3, 0xBE, 0, 0x30, 0, 0, 0xC7, 0x06, 40, 0, 0, 0, 0xDB, 0x06, 0xC7, 0x06, 2, 0, 0, 0, 0xDA, 0x06, 0xDB, 0x1E, 0x8B, 0x06, 0xF4,
    ]
    let (interpreted, translated, helped) = try answers(code) {
      $0.processor.core[.cr4] &= ~CR4.fxsave
      $0.processor.core.updateMode()
    }
    #expect(interpreted == 42 && translated == 42)
    #expect(Set(helped) == ["fninit", "x87"])
  }

  @Test("a division by zero that is not masked is #MF, at the next instruction that waits")
  func unmasked() throws {
    // fninit; fldcw [0x3000]; fld1; fldz; fdivp; fwait; hlt
    let code: [UInt8] = [0xDB, 0xE3, 0xD9, 0x2C, 0x25, 0, 0x30, 0, 0, 0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9, 0x9B, 0xF4]
    let guest = try TranslatedGuest(code)
    try guest.memory.store(UInt16(0x37B), at: 0x3000)
    let core = guest.processor.core
    (core[.rip], core[.attention]) = (0x1000, 0)
    guest.processor.prepareThread()
    #expect(throws: Fault.x87) { for _ in 0..<20 { try core.runBlock(with: guest.processor.translator) } }
    #expect(core[.rip] == 0x100F)
  }

  @Test("an access that fails comes behind all that was done before it, and before what follows")
  func fault() throws {
    // fninit; fld1; fld1; faddp; fadd dword [0x600000]; fld1; hlt: nothing is mapped there
    let code: [UInt8] = [0xDB, 0xE3, 0xD9, 0xE8, 0xD9, 0xE8, 0xDE, 0xC1, 0xD8, 0x04, 0x25, 0, 0, 0x60, 0, 0xD9, 0xE8, 0xF4]
    let guest = try TranslatedGuest(code)
    let core = guest.processor.core
    (core[.rip], core[.attention]) = (0x1000, 0)
    guest.processor.prepareThread()
    #expect(throws: Fault.page(0x60_0000, 0)) { for _ in 0..<9 { try core.runBlock(with: guest.processor.translator) } }
    #expect(core[.rip] == 0x1008)
    #expect(core.load(VectorArea.lastInstruction, as: UInt64.self) == 0x1006)
    #expect(core.load(VectorArea.lastOpcode, as: UInt16.self) == 0x6C1)
    // Two in the only register in use, at the top of the stack.
    #expect(core.load(VectorArea.mmx + 8, as: UInt16.self) == 0x4000 && core.load(VectorArea.tags, as: UInt8.self) == 0x80)
  }
}
