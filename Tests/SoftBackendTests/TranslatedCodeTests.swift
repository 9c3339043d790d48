import GuestRAM
import Primitives
import Processor
import SystemBus
import Testing

@testable import SoftBackend

/// Code of the host for code that changes: whoever writes to it, the next time it is executed as written.
@Suite struct TranslatedCode {
  @Test("an instruction that overwrites the next one is followed by what it wrote, time and again")
  func nextInstruction() throws {
    // mov ecx, 3; l: mov [rip+5], cl (the next immediate); mov eax, 0; dec ecx; jnz l; hlt
    let guest = try TranslatedGuest([0xB9, 3, 0, 0, 0, 0x88, 0x0D, 1, 0, 0, 0, 0xB8, 0, 0, 0, 0, 0xFF, 0xC9, 0x75, 0xF1, 0xF4])
    #expect(try guest.run() == 1)
    #expect(try guest.run() == 1)
  }

  @Test("code overwritten through another address is executed as written")
  func alias() throws {
    // mov byte [0x201008 + 1], 9 by way of the second mapping; mov eax, 1; hlt
    let guest = try TranslatedGuest([0xC6, 0x04, 0x25, 0x09, 0x10, 0x20, 0, 9, 0xB8, 1, 0, 0, 0, 0xF4])
    #expect(try guest.run() == 9)
  }

  @Test("a function in another page is called anew after it was overwritten")
  func otherPage() throws {
    // call 0x2000; mov rbx, rax; mov byte [0x2001], 7; call 0x2000; add rax, rbx; hlt
    let guest = try TranslatedGuest(
      [0xE8, 0xFB, 0x0F, 0, 0, 0x48, 0x89, 0xC3, 0xC6, 0x04, 0x25, 1, 0x20, 0, 0, 7, 0xE8, 0xEB, 0x0F, 0, 0, 0x48, 0x01, 0xD8, 0xF4])
    try guest.memory.write([0xB8, 5, 0, 0, 0, 0xC3], at: 0x2000)
    #expect(try guest.run() == 12)
  }

  @Test("an instruction that lies across two pages is executed as written in the second")
  func acrossPages() throws {
    // call 0x1FFE; mov rbx, rax; mov byte [0x2000], 1; call 0x1FFE; add rax, rbx; hlt
    let guest = try TranslatedGuest(
      [0xE8, 0xF9, 0x0F, 0, 0, 0x48, 0x89, 0xC3, 0xC6, 0x04, 0x25, 0, 0x20, 0, 0, 1, 0xE8, 0xE9, 0x0F, 0, 0, 0x48, 0x01, 0xD8, 0xF4])
    // mov eax, 5; ret
    try guest.memory.write([0xB8, 5, 0, 0, 0, 0xC3], at: 0x1FFE)
    #expect(try guest.run() == 0x10A)
  }

  @Test("what another processor writes over code is executed the next time")
  func otherProcessor() throws {
    let guest = try TranslatedGuest([0xB8, 1, 0, 0, 0, 0xF4])
    // mov byte [0x1001], 2
    try guest.memory.write([0xC6, 0x04, 0x25, 0x01, 0x10, 0, 0, 2], at: 0x3000)
    #expect(try guest.run() == 1)
    #expect(try guest.run() == 1)
    guest.other.core[.rip] = 0x3000
    try guest.other.core.step()
    #expect(try guest.run() == 2)
  }

  @Test("what a device writes over code is executed the next time")
  func device() throws {
    let guest = try TranslatedGuest([0xB8, 1, 0, 0, 0, 0xF4])
    #expect(try guest.run() == 1)
    try guest.memory.write([2], at: 0x1001)
    #expect(try guest.run() == 2)
  }

  @Test("a page that is mapped elsewhere leaves no code behind at its address")
  func remapped() throws {
    // mov eax, 1; hlt, and another one in the page that takes its place
    let guest = try TranslatedGuest([0xB8, 1, 0, 0, 0, 0xF4])
    try guest.memory.write([0xB8, 4, 0, 0, 0, 0xF4], at: 0x40_1000)
    #expect(try guest.run() == 1)
    try guest.memory.store(UInt64(0x40_0087), at: 0x9_2000)
    guest.processor.core.flushTranslations()
    #expect(try guest.run() == 4)
  }

  @Test("data beside code in its page is written a thousand times, and the code stays")
  func dataBesideCode() throws {
    // mov ecx, 1000; l: mov [0x1800], ecx; dec ecx; jnz l; mov eax, [0x1800]; hlt
    let guest = try TranslatedGuest([
      0xB9, 0xE8, 0x03, 0, 0, 0x89, 0x0C, 0x25, 0, 0x18, 0, 0, 0xFF, 0xC9, 0x75, 0xF5, 0x8B, 0x04, 0x25, 0, 0x18, 0, 0, 0xF4,
    ])
    #expect(try guest.run() == 1)
    #expect(guest.processor.translator.tally.invalidations == 0)
  }

  @Test("memory by way of R15 is found at the start of so long a row of instructions that it is cut")
  func longRow() throws {
    // mov r15d, 0x1800; mov eax, [r15]; add eax, [r15 + 4]; seventy times inc r15d; hlt
    let row = [[UInt8]](repeating: [0x41, 0xFF, 0xC7], count: 70).flatMap { $0 }
    let guest = try TranslatedGuest([0x41, 0xBF, 0, 0x18, 0, 0, 0x41, 0x8B, 0x07, 0x41, 0x03, 0x47, 0x04] + row + [0xF4])
    try guest.memory.store(UInt32(40), at: 0x1800)
    try guest.memory.store(UInt32(2), at: 0x1804)
    #expect(try guest.run() == 42)
  }

  @Test("an access that faults leaves the registers and RIP of before it")
  func fault() throws {
    // mov eax, 5; add rax, [0x600000]: nothing is there
    let guest = try TranslatedGuest([0xB8, 5, 0, 0, 0, 0x48, 0x03, 0x04, 0x25, 0, 0, 0x60, 0, 0xF4])
    let core = guest.processor.core
    core[.rip] = 0x1000
    core.prepareThread()
    core[.attention] = 0
    #expect(throws: Fault.page(0x60_0000, 0)) {
      for _ in 0..<3 { try core.runBlock(with: guest.processor.translator) }
    }
    #expect(core[.rip] == 0x1005)
    #expect(core[.rax] == 5)
  }
}
