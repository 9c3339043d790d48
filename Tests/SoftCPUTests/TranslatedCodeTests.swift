import GuestRAM
import Primitives
import Processor
import SystemBus
import Testing

@testable import SoftCPU

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

  @Test("an instruction across two pages is executed as the second has it after that was mapped elsewhere, or written by a device")
  func acrossMappings() throws {
    // call 0x1FFFFE; hlt. There: mov eax, 5; ret, from the last two bytes of the first mapping on
    let guest = try TranslatedGuest([0xE8, 0xF9, 0xEF, 0x1F, 0, 0xF4])
    try guest.memory.write([0xB8, 5], at: 0x1F_FFFE)
    try guest.memory.write([0, 0, 0, 0xC3], at: 0)
    try guest.memory.write([1, 0, 0, 0xC3], at: 0x40_0000)
    #expect(try guest.run() == 5)
    #expect(try guest.run() == 5)
    try guest.memory.store(UInt64(0x40_0087), at: 0x9_2008)
    guest.processor.core.flushTranslations()
    #expect(try guest.run() == 0x105)
    #expect(try guest.run() == 0x105)
    try guest.memory.write([2], at: 0x40_0000)
    #expect(try guest.run() == 0x205)
  }

  @Test("flags that an instruction across two pages does not read are there when the second makes it read them")
  func flagsAcrossPages() throws {
    // jmp rdi; at 0x1010: xor eax, eax; cmp eax, 1; jmp 0x1FFF
    let guest = try TranslatedGuest([0xFF, 0xE7])
    try guest.memory.write([0x31, 0xC0, 0x83, 0xF8, 1, 0xE9, 0xE5, 0x0F, 0, 0], at: 0x1010)
    // sub rbx, rbx; hlt. Known before what leads there.
    try guest.memory.write([0x48, 0x29, 0xDB, 0xF4], at: 0x1FFF)
    guest.processor.core[.rdi] = 0x1FFF
    #expect(try guest.run() == 0)
    guest.processor.core[.rdi] = 0x1010
    #expect(try guest.run() == 0)
    // adc rax, rbx; hlt
    try guest.memory.write([0x11, 0xD8, 0xF4], at: 0x2000)
    #expect(try guest.run() == 1)
  }

  @Test("what a system does to segments, the stack and its access to users' pages is the same in translated code")
  func systemInstructions() throws {
    // stac; rdtscp; mov eax, 0x1234; wrgsbase rax; swapgs; rdgsbase rbx; swapgs; rdgsbase rcx; lea rax, [rbx + rcx]; mov edx, ds;
    // mov [0x3800], ds; add edx, [0x3800]; add rax, rdx; push 0x7000; pop rsp; add rax, rsp; clac; stac; hlt
    let code: [UInt8] = [
      0x0F, 0x01, 0xCB, 0x0F, 0x01, 0xF9, 0xB8, 0x34, 0x12, 0, 0, 0xF3, 0x48, 0x0F, 0xAE, 0xD8, 0x0F, 0x01, 0xF8, 0xF3, 0x48, 0x0F, 0xAE, 0xCB,
      0x0F, 0x01, 0xF8, 0xF3, 0x48, 0x0F, 0xAE, 0xC9, 0x48, 0x8D, 0x04, 0x0B, 0x8C, 0xDA, 0x8C, 0x1C, 0x25, 0, 0x38, 0, 0, 0x03, 0x14, 0x25, 0, 0x38, 0, 0,
      0x48, 0x01, 0xD0, 0x68, 0, 0x70, 0, 0, 0x5C, 0x48, 0x01, 0xE0, 0x0F, 0x01, 0xCA, 0x0F, 0x01, 0xCB, 0xF4,
    ]
    for translates in [false, true] {
      let guest = try TranslatedGuest(code)
      let core = guest.processor.core
      (core[.cr4], core[.rsp], core[.kernelGSBase]) = (core[.cr4] | 0x21_0000, 0x8000, 0x4000)
      core.selectTranslations()
      #expect(try (translates ? guest.run() : guest.runInterpreted()) == 0xC234 + 2 * UInt64(core.selector(Segment.ds)))
      #expect(core[.systemFlags] & Flags.ac != 0)
      if translates { #expect(guest.processor.translator.tally.helped.keys.filter { $0 != "halt" }.isEmpty) }
    }
  }

  @Test("32-bit code reaches what is its thread's by GS, also below its base, as far as the segment goes")
  func threadData() throws {
    // mov eax, gs:[0x14]; add eax, gs:[-4]; mov ebx, -8; add eax, gs:[ebx]; mov ah, 0x83; sahf; adc byte gs:[0x10], 0; add al, gs:[0x10]; hlt
    let code: [UInt8] = [
      0x65, 0xA1, 0x14, 0, 0, 0, 0x65, 0x03, 0x05, 0xFC, 0xFF, 0xFF, 0xFF, 0xBB, 0xF8, 0xFF, 0xFF, 0xFF, 0x65, 0x03, 0x03, 0xB4, 0x83, 0x9E,
      0x65, 0x80, 0x15, 0x10, 0, 0, 0, 0, 0x65, 0x02, 0x05, 0x10, 0, 0, 0, 0xF4,
    ]
    let guest = try TranslatedGuest(code)
    let core = guest.processor.core
    for (place, value) in [(0x3014, 1), (0x2FFC, 2), (0x2FF8, 4), (0x3010, 8)] { try guest.memory.store(UInt32(value), at: GuestAddress(UInt64(place))) }
    core.setSegment(.cs, selector: 8, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC09B)
    core.updateMode()
    core.setSegment(.gs, selector: 0x33, base: 0x3000, limit: 0xFFFF_FFFF, attributes: 0xC0F3)
    #expect(try guest.run() & 0xFF == 16)
    #expect(guest.processor.translator.tally.helped.keys.filter { $0 != "halt" }.isEmpty)
    core.setSegment(.gs, selector: 0x33, base: 0x3000, limit: 0x13, attributes: 0x40F3)
    (core[.rip], core[.halted], core[.attention]) = (0x1000, 0, 0)
    #expect(throws: Fault.protection) { for _ in 0..<9 { try core.runBlock(with: guest.processor.translator) } }
  }

  @Test("a page that was forgotten alone leads nowhere on the host when the ways to code are looked for")
  func forgottenPage() throws {
    // mov [0x3000], eax; hlt
    let guest = try TranslatedGuest([0x89, 0x04, 0x25, 0, 0x30, 0, 0, 0xF4])
    _ = try guest.run()
    let core = guest.processor.core
    core.flushTranslation(of: 0x3000)
    var pages: [Int] = []
    core.forgetWays { pages.append($0); return false }
    #expect(pages.allSatisfy { (0..<4096).contains($0) })
  }

  @Test("behind CLAC translated code finds users' pages closed, and behind STAC open")
  func accessPrevention() throws {
    // stac; mov eax, [0x1800]; clac; mov ebx, [0x1800]
    let guest = try TranslatedGuest([0x0F, 0x01, 0xCB, 0x8B, 0x04, 0x25, 0, 0x18, 0, 0, 0x0F, 0x01, 0xCA, 0x8B, 0x1C, 0x25, 0, 0x18, 0, 0, 0xF4])
    let core = guest.processor.core
    core[.cr4] |= CR4.accessPrevention
    core.selectTranslations()
    try guest.memory.store(UInt32(42), at: 0x1800)
    core[.rip] = 0x1000
    guest.processor.prepareThread()
    core[.attention] = 0
    #expect(throws: Fault.page(0x1800, 1)) {
      for _ in 0..<9 { try core.runBlock(with: guest.processor.translator) }
    }
    #expect(core[.rip] == 0x100D)
    #expect(core[.rax] == 42)
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

  @Test("what is decoded between another processor's leave to overwrite it and the write itself is not kept")
  func decodedTooEarly() throws {
    let guest = try TranslatedGuest([0xB8, 1, 0, 0, 0, 0xF4])
    #expect(try guest.run() == 1)
    guard let place = unsafe guest.other.core.physicalHost(0x1001, write: true) else { throw ProcessorError("RAM is somewhere") }
    #expect(try guest.run() == 1)
    unsafe place.storeBytes(of: 2, as: UInt8.self)
    _ = try guest.other.attend { nil }
    #expect(try guest.run() == 2)
  }

  @Test("what another processor could write unseen until it hears of the code there, is executed as it wrote it")
  func unseenWrite() throws {
    for endsByItself in [false, true] {
      let guest = try TranslatedGuest([0xB8, 1, 0, 0, 0, 0xF4])
      try guest.other.core.write(0x1F00, UInt8(0))
      #expect(try guest.run() == 1)
      try guest.other.core.write(0x1001, UInt8(2))
      // It hears of it when it next looks up, or forgets before that how it wrote there.
      if endsByItself { guest.other.core.flushLocalTranslations() } else { _ = try guest.other.attend { nil } }
      #expect(try guest.run() == 2)
      let isKnown = unsafe guest.other.core.writeHost(0x1001, 1) != nil
      #expect(!isKnown)
    }
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

  @Test("data between two jumps is written a thousand times, and the code around it stays")
  func dataBetweenCode() throws {
    // mov ecx, 1000; l: mov [0x1019], ecx; dec ecx; jnz l; mov eax, [0x1019]; jmp over four bytes; hlt; hlt
    let guest = try TranslatedGuest([
      0xB9, 0xE8, 0x03, 0, 0, 0x89, 0x0C, 0x25, 0x19, 0x10, 0, 0, 0xFF, 0xC9, 0x75, 0xF5, 0x8B, 0x04, 0x25, 0x19, 0x10, 0, 0, 0xEB, 4, 0, 0, 0, 0, 0xF4, 0xF4,
    ])
    #expect(try guest.run() == 1)
    #expect(guest.processor.translator.tally.invalidations == 0)
    // The last byte of the jump: mov byte [0x1018], 5.
    try guest.memory.write([0xC6, 0x04, 0x25, 0x18, 0x10, 0, 0, 5], at: 0x3000)
    guest.other.core[.rip] = 0x3000
    try guest.other.core.step()
    #expect(try guest.run() == 1)
    #expect(guest.processor.translator.tally.invalidations == 1)
  }

  @Test("code that is overwritten with what it is stays")
  func sameCode() throws {
    // mov ecx, 1000; l: mov byte [0x1012], 7 (the constant behind); dec ecx; jnz l; mov eax, 7; hlt
    let guest = try TranslatedGuest([0xB9, 0xE8, 0x03, 0, 0, 0xC6, 0x04, 0x25, 0x12, 0x10, 0, 0, 7, 0xFF, 0xC9, 0x75, 0xF4, 0xB8, 7, 0, 0, 0, 0xF4])
    #expect(try guest.run() == 7)
    #expect(guest.processor.translator.tally.invalidations == 0)
  }

  @Test("code that is run once makes room for more of its kind, and is as it was when it is run again")
  func codeRunOnce() throws {
    // jmp 0x100000; there: inc rax again and again, and hlt
    let guest = try TranslatedGuest([0xE9, 0xFB, 0xEF, 0x0F, 0], .hot)
    let steps = 80_000
    try guest.memory.write([UInt8]((0..<steps).flatMap { _ in [0x48, 0xFF, 0xC0] as [UInt8] }) + [0xF4], at: 0x10_0000)
    for round in 1...4 { #expect(try guest.run() == UInt64(steps * round)) }
  }

  @Test("values by one register are what they are wherever a page ends between them")
  func rowOverPageEnd() throws {
    // mov rax, [rbx]; add rax, [rbx + 8]; mov [rbx + 16], rax; mov rcx, [rbx + 24]; add rax, rcx; hlt
    let row: [UInt8] = [0x48, 0x8B, 0x03, 0x48, 0x03, 0x43, 8, 0x48, 0x89, 0x43, 16, 0x48, 0x8B, 0x4B, 24, 0x48, 0x01, 0xC8, 0xF4]
    let guest = try TranslatedGuest(row)
    for round in 0..<200 {
      // Most of the row's places are in the first page, or in the second; first none is.
      let place = UInt64(0x4000 + (round < 4 ? 0 : -round % 40))
      for (k, value) in [3, 4, 0, 5].enumerated() { try guest.memory.store(UInt64(value), at: GuestAddress(place + UInt64(8 * k))) }
      guest.processor.core[.rbx] = place
      #expect(try guest.run() == 12)
      #expect(try guest.memory.load(UInt64.self, at: GuestAddress(place + 16)) == 7)
    }
  }

  @Test("a page that is read, and whose write by the same register is jumped over, is not dirty")
  func writeJumpedOver() throws {
    // mov eax, [rbx]; test eax, eax; jnz +3; mov [rbx + 8], eax; hlt
    let guest = try TranslatedGuest([0x8B, 0x03, 0x85, 0xC0, 0x75, 3, 0x89, 0x43, 8, 0xF4])
    try guest.memory.store(UInt32(1), at: 0x3000)
    guest.processor.core[.rbx] = 0x20_3000
    let accessed: UInt64 = 0x20, dirty: UInt64 = 0x40
    for _ in 0..<3 { #expect(try guest.run() == 1) }
    #expect(try guest.memory.load(UInt64.self, at: 0x9_2008) & (accessed | dirty) == accessed)
    try guest.memory.store(UInt32(0), at: 0x3000)
    #expect(try guest.run() == 0)
    #expect(try guest.memory.load(UInt64.self, at: 0x9_2008) & dirty == dirty)
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

  @Test("a block whose accesses are not near each other is made anew, once, and does the same")
  func scattered() throws {
    // mov rax, [rdi]; add rax, [rsi]; hlt
    let guest = try TranslatedGuest([0x48, 0x8B, 0x07, 0x48, 0x03, 0x06, 0xF4])
    try guest.memory.store(UInt64(40), at: 0x3000)
    try guest.memory.store(UInt64(2), at: 0x5000)
    (guest.processor.core[.rdi], guest.processor.core[.rsi]) = (0x3000, 0x5000)
    let translator = guest.processor.translator
    #expect(try guest.run() == 42)
    let made = translator.tally.blocks
    for number in 0..<2 {
      translator.judge(number, at: 1)
      #expect(try guest.run() == 42)
    }
    #expect(translator.scattered == 1)
    #expect(translator.tally.blocks == made + 1)
  }

  @Test("an access that faults leaves the registers and RIP of before it")
  func fault() throws {
    // mov eax, 5; add rax, [0x600000]: nothing is there
    let guest = try TranslatedGuest([0xB8, 5, 0, 0, 0, 0x48, 0x03, 0x04, 0x25, 0, 0, 0x60, 0, 0xF4])
    let core = guest.processor.core
    core[.rip] = 0x1000
    guest.processor.prepareThread()
    core[.attention] = 0
    #expect(throws: Fault.page(0x60_0000, 0)) {
      for _ in 0..<3 { try core.runBlock(with: guest.processor.translator) }
    }
    #expect(core[.rip] == 0x1005)
    #expect(core[.rax] == 5)
  }
}
