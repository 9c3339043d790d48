import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

/// Translated code beside the interpreter, block by block.
@Suite struct LockstepTests {
  /// Sorts sixteen words by insertion, and sums them up: loops, branches, memory, a call, pushes, flags and SSE.
  private static let program: [UInt8] =
    // mov ecx, 16; mov eax, 7; l: imul eax, eax, 77; add eax, 13; mov [rcx*4 + 0x7000], eax; dec ecx; jnz l
    [0xB9, 0x10, 0x00, 0x00, 0x00, 0xB8, 0x07, 0x00, 0x00, 0x00, 0x6B, 0xC0, 0x4D, 0x83, 0xC0, 0x0D, 0x89, 0x04, 0x8D, 0x00, 0x70, 0x00, 0x00, 0xFF, 0xC9, 0x75, 0xEF]
    // mov ecx, 2; o: mov eax, [rcx*4 + 0x7000]; mov edx, ecx
    + [0xB9, 0x02, 0x00, 0x00, 0x00, 0x8B, 0x04, 0x8D, 0x00, 0x70, 0x00, 0x00, 0x89, 0xCA]
    // i: mov ebx, [rdx*4 + 0x6FFC]; cmp ebx, eax; jbe d; mov [rdx*4 + 0x7000], ebx; dec edx; cmp edx, 1; ja i
    + [0x8B, 0x1C, 0x95, 0xFC, 0x6F, 0x00, 0x00, 0x39, 0xC3, 0x76, 0x0E, 0x89, 0x1C, 0x95, 0x00, 0x70, 0x00, 0x00, 0xFF, 0xCA, 0x83, 0xFA, 0x01, 0x77, 0xE7]
    // d: mov [rdx*4 + 0x7000], eax; inc ecx; cmp ecx, 17; jb o
    + [0x89, 0x04, 0x95, 0x00, 0x70, 0x00, 0x00, 0xFF, 0xC1, 0x83, 0xF9, 0x11, 0x72, 0xD0]
    // movdqu xmm1, [0x7004]; movdqu xmm0, [0x7014]; paddd xmm1, xmm0; movd eax, xmm1; call f; hlt
    + [0xF3, 0x0F, 0x6F, 0x0C, 0x25, 0x04, 0x70, 0x00, 0x00, 0xF3, 0x0F, 0x6F, 0x04, 0x25, 0x14, 0x70, 0x00, 0x00, 0x66, 0x0F, 0xFE, 0xC8, 0x66, 0x0F, 0x7E, 0xC8]
    + [0xE8, 0x01, 0x00, 0x00, 0x00, 0xF4]
    // f: push rax; pushf; pop rbx; pop rax; adc eax, 0; ret
    + [0x50, 0x9C, 0x5B, 0x58, 0x83, 0xD0, 0x00, 0xC3]

  @Test("a program is the same for both tiers at the end of every block")
  func same() throws {
    let (lockstep, interpreted) = (try TranslatedGuest(Self.program, .lockstep), try TranslatedGuest(Self.program, .never))
    let sum = try lockstep.run()
    #expect(lockstep.processor.lockstep?.difference == nil)
    #expect(try lockstep.run() == sum)
    #expect((lockstep.processor.lockstep?.blocks ?? 0) > 50)
    #expect(try interpreted.runInterpreted() == sum)
    #expect(try lockstep.memory.bytes(68, at: 0x7000) == interpreted.memory.bytes(68, at: 0x7000))
  }

  @Test("a conditional jump to the next instruction is no difference, whether it is taken or not")
  func jumpToNext() throws {
    // mov ecx, 2; l: dec ecx; jz next; next: mov eax, ecx; test ecx, ecx; jnz l; hlt
    let guest = try TranslatedGuest([0xB9, 2, 0, 0, 0, 0xFF, 0xC9, 0x74, 0, 0x89, 0xC8, 0x85, 0xC9, 0x75, 0xF6, 0xF4], .lockstep)
    #expect(try guest.run() == 0)
    #expect(guest.processor.lockstep?.difference == nil)
  }

  @Test("a register, a flag, a byte of memory and a target that are not the interpreter's are found")
  func differences() throws {
    // mov [0x7000], rcx; add rax, rcx; jnz 0x1000
    let code: [UInt8] = [0x48, 0x89, 0x0C, 0x25, 0, 0x70, 0, 0, 0x48, 0x01, 0xC8, 0x75, 0xF3]
    let mistakes: [(String, (TranslatedGuest) throws -> Void)] = [
      ("register 3", { $0.processor.core[.rbx] ^= 1 }), ("flags", { $0.processor.core.arithmeticFlags ^= Flags.cf }),
      ("a byte of memory", { try $0.memory.store(UInt8(0xEE), at: 0x7003) }), ("RIP", { $0.processor.core[.rip] = 0x1008 }),
      ("PKRU", { $0.processor.core[.pkru] = 4 }),
      ("byte 160 of the vector state", { $0.processor.core.store(0x55 as UInt8, at: Core.vectorState + 160) }),
    ]
    for (name, change) in mistakes {
      let guest = try TranslatedGuest(code, .lockstep)
      let (core, lockstep) = (guest.processor.core, try #require(guest.processor.lockstep))
      (core[.rip], core[.rcx]) = (0x1000, 5)
      let first = try core.findBlock()
      lockstep.begin(0, first)
      for k in 0..<3 { try core.execute(core.alone(unsafe Instruction(record: first.record + k)), goingOn: false) }
      try change(guest)
      lockstep.end(byEdge: true, hasFlags: true)
      #expect(lockstep.difference?.contains("interpreter does: \(name)") == true, "\(name): \(lockstep.difference ?? "nothing")")
    }
  }
}
