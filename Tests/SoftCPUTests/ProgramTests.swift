import GuestRAM
import Primitives
import Processor
import SystemBus
import Testing

@testable import SoftCPU

/// Runs guest bytes at 0x1000 in flat 64-bit mode to their HLT, in the first megabytes mapped as one large page each.
func runFlat(_ code: [UInt8], _ prepare: (inout ProcessorState) -> Void = { _ in }) throws -> ProcessorState {
  let memory = try GuestMemory(size: 16 << 20)
  try memory.store(UInt64(0x9_1007), at: 0x9_0000)
  try memory.store(UInt64(0x87), at: 0x9_1000)
  try memory.write(code, at: 0x1000)
  let processor = try CoreContext(CoreEnvironment(memory: memory))
  var state = ProcessorState.reset
  state.cs = .flatCode64
  (state.ds, state.es, state.ss) = (.flatData, .flatData, .flatData)
  (state.cr0, state.cr3, state.cr4, state.efer) = (0x8000_0011, 0x9_0000, 0x20, 0xD00)
  state.rip = 0x1000
  state[.rsp] = 0x8000
  prepare(&state)
  try processor.setState(state)
  _ = try processor.run(on: SystemBus()) { .halted }
  return processor.state()
}

@Suite struct Programs {
  @Test("moves and sums work in 64-bit code")
  func sums() throws {
    // mov eax, 5; add rax, 7; mov ecx, eax; sub ecx, 13; hlt
    let s = try runFlat([0xB8, 5, 0, 0, 0, 0x48, 0x83, 0xC0, 7, 0x89, 0xC1, 0x83, 0xE9, 13, 0xF4])
    #expect(s[.rax] == 12)
    #expect(s[.rcx] == 0xFFFF_FFFF)
    #expect(s.rflags & 0x81 == 0x81)
    #expect(s.rip == 0x100F)
  }

  @Test("a loop over memory with calls returns to its caller")
  func loop() throws {
    // mov ecx, 10; xor eax, eax; l: call f; dec ecx; jnz l; hlt; f: push rcx; add rax, [rsp]; pop rcx; ret
    let s = try runFlat([
      0xB9, 10, 0, 0, 0, 0x31, 0xC0, 0xE8, 5, 0, 0, 0, 0xFF, 0xC9, 0x75, 0xF7, 0xF4,
      0x51, 0x48, 0x03, 0x04, 0x24, 0x59, 0xC3,
    ])
    #expect(s[.rax] == 55)
    #expect(s[.rsp] == 0x8000)
  }

  @Test("code that overwrites itself is executed as written")
  func selfModifying() throws {
    // mov byte [rip+1], 9 (the immediate of the next instruction); mov eax, 1; hlt
    let s = try runFlat([0xC6, 0x05, 1, 0, 0, 0, 9, 0xB8, 1, 0, 0, 0, 0xF4])
    #expect(s[.rax] == 9)
  }

  @Test("REP STOS and REP MOVS go through page ends")
  func strings() throws {
    // mov edi, 0x2f00; mov ecx, 0x200; mov al, 0x5a; rep stosb; mov esi, 0x2f00; mov edi, 0x4f80; mov ecx, 0x40; rep movsq; mov rbx, [0x5170]; hlt
    let s = try runFlat([
      0xBF, 0, 0x2F, 0, 0, 0xB9, 0, 2, 0, 0, 0xB0, 0x5A, 0xF3, 0xAA, 0xBE, 0, 0x2F, 0, 0, 0xBF, 0x80, 0x4F, 0, 0,
      0xB9, 0x40, 0, 0, 0, 0xF3, 0x48, 0xA5, 0x48, 0x8B, 0x1C, 0x25, 0x70, 0x51, 0, 0, 0xF4,
    ])
    #expect(s[.rbx] == 0x5A5A_5A5A_5A5A_5A5A)
    #expect(s[.rcx] == 0)
  }

  @Test("a fault without an interrupt table shuts the processor down at the faulting instruction")
  func tripleFault() throws {
    // mov rax, [0xffffffff80000000]
    let s = try runFlat([0x48, 0x8B, 0x04, 0x25, 0, 0, 0, 0x80]) { $0.interruptTable.limit = 0 }
    #expect(s.rip == 0x1000)
    #expect(s.cr2 == 0xFFFF_FFFF_8000_0000)
  }
}
