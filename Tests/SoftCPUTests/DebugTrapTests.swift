import GuestRAM
import InterruptChips
import Primitives
import Processor
import Testing

@testable import SoftCPU

@Suite("what resumes, traps and holds back") struct DebugTrapTests {
  private typealias Place = SystemGuest.Place
  private typealias Selector = SystemGuest.Selector
  private static let data: UInt64 = 0x2000

  /// Lays a frame for IRETQ at the top of the stack.
  private func pushFrame(_ guest: SystemGuest, rip: UInt64, cs: UInt16 = Selector.code64, flags: UInt64, ss: UInt16 = Selector.data) throws {
    guest.core[.rsp] = Place.stack - 40
    for (number, value) in [rip, UInt64(cs), flags, Place.stack, UInt64(ss)].enumerated() {
      try guest.store(value, Place.stack - 40 + UInt64(number) * 8)
    }
  }

  @Test("B1 IRET with RF goes past the breakpoint at its target, once")
  func resume() throws {
    let guest = try SystemGuest(.long)
    guest.core[.dr0] = Place.code + 2
    guest.core[.dr7] = 0x401
    guest.core.watchBreakpoints()
    try pushFrame(guest, rip: Place.code + 2, flags: 2 | Flags.rf)
    guest.core[.rax] = 0
    // iretq; inc eax; jmp to the inc
    #expect(try guest.run([0x48, 0xCF, 0xFF, 0xC0, 0xEB, 0xFC]) == 1)
    #expect(try guest.frame(0) == Place.code + 2)
    // The increment was executed, and met again after the jump.
    #expect(guest.core[.rax] == 1)
    try pushFrame(guest, rip: Place.code + 2, flags: 2)
    #expect(try guest.run([0x48, 0xCF, 0x90, 0xF4]) == 1)
    #expect(guest.core[.rsp] == Place.stack - 48)
  }

  @Test("B1 without breakpoints RF leaves no trace, and POPF never sets it")
  func noResume() throws {
    let guest = try SystemGuest(.long)
    try pushFrame(guest, rip: Place.code + 2, flags: 2 | Flags.rf)
    #expect(try guest.run([0x48, 0xCF, 0x90, 0xF4]) == nil)
    #expect(guest.core.flags & Flags.rf == 0)
    guest.core[.dr7] = 0x401
    guest.core.watchBreakpoints()
    // push 0x10002; popfq
    #expect(try guest.run([0x68, 2, 0, 1, 0, 0x9D, 0xF4]) == nil)
    #expect(guest.core.flags & Flags.rf == 0)
  }

  @Test("B2 TF that SYSRET or SYSCALL sets traps before the next instruction")
  func systemCalls() throws {
    let guest = try SystemGuest(.long)
    try guest.map(Self.data, Self.data, 7)
    guest.core[.star] = UInt64(Selector.code64) << 32 | UInt64(Selector.userCode32) << 48
    (guest.core[.rcx], guest.core[.r11]) = (Self.data, 2 | Flags.tf)
    try guest.memory.write([0x90, 0x90], at: GuestAddress(Self.data))
    // sysretq
    #expect(try guest.run([0x48, 0x0F, 0x07]) == 1)
    #expect(try guest.frame(0) == Self.data)
    #expect(guest.core[.dr6] & 0x4000 != 0)
    // A system call that its mask lets be traced; and the usual one, which is not.
    for (mask, vector) in [(0, 1), (Flags.tf, nil)] as [(UInt64, UInt8?)] {
      try guest.enter(user: false)
      guest.core[.lstar] = Place.code + 0x10
      guest.core[.sfmask] = mask
      // push 0x102; popfq; syscall; …; hlt
      #expect(try guest.run([0x68, 2, 1, 0, 0, 0x9D, 0x0F, 0x05] + [UInt8](repeating: 0xF4, count: 9)) == vector)
      if vector != nil { #expect(try guest.frame(0) == Place.code + 0x10) }
    }
  }

  @Test("B2 the run loop itself traps after such a SYSRET")
  func systemCallsAtSpeed() throws {
    let guest = try SystemGuest(.long)
    try guest.map(Self.data, Self.data, 7)
    guest.core[.star] = UInt64(Selector.code64) << 32 | UInt64(Selector.userCode32) << 48
    (guest.core[.rcx], guest.core[.r11]) = (Self.data, 2 | Flags.tf)
    try guest.memory.write([0xEB, 0xFE], at: GuestAddress(Self.data))
    try guest.memory.write([0x48, 0x0F, 0x07], at: GuestAddress(Place.code))
    // Nobody can wake the handler's HLT.
    #expect(try guest.processor.run(on: guest.processor.bus) { .halted } == .halted)
    #expect(try guest.frame(0) == Self.data)
  }

  @Test("B8 ICEBP of a user is #DB whatever its gate allows; INT 1 is not")
  func icebp() throws {
    let guest = try SystemGuest(.long)
    try guest.enter(user: true)
    #expect(try guest.run([0xF1]) == 1)
    #expect(try guest.frame(0) == Place.code + 1)
    #expect(guest.core[.dr6] & 0x400F == 0)
    try guest.enter(user: true)
    #expect(try guest.run([0xCD, 1]) == 13)
  }

  @Test("B14 a watchpoint that MOV SS meets is told after the next instruction")
  func movSS() throws {
    let guest = try SystemGuest(.long)
    try guest.store(UInt64(Selector.data), Self.data)
    guest.core[.dr0] = Self.data
    guest.core[.dr7] = 0xF_0401
    guest.core.watchBreakpoints()
    guest.core[.rbx] = Self.data
    // mov ss, [rbx]; nop; nop
    #expect(try guest.run([0x8E, 0x13, 0x90, 0x90, 0xF4]) == 1)
    #expect(try guest.frame(0) == Place.code + 3)
    #expect(guest.core[.dr6] & 0xF == 1)
    // With ICEBP next there is one #DB for both.
    guest.core[.dr6] = 0xFFFF_0FF0
    try guest.enter(user: false)
    guest.core[.rbx] = Self.data
    #expect(try guest.run([0x8E, 0x13, 0xF1]) == 1)
    #expect(try guest.frame(0) == Place.code + 3)
    #expect(guest.core[.dr6] & 0xF == 1)
    // With INT3 next it comes first thing in the handler.
    try guest.enter(user: false)
    guest.core[.rbx] = Self.data
    #expect(try guest.run([0x8E, 0x13, 0xCC]) == 1)
    #expect(try guest.frame(0) == Place.handlers + 3 * 16)
  }

  @Test("B14 a breakpoint right after MOV SS is met, as on AMD's processors, with what MOV SS held back")
  func breakpointAfterMovSS() throws {
    let guest = try SystemGuest(.long)
    try guest.store(UInt64(Selector.data), Self.data)
    guest.core[.rbx] = Self.data
    (guest.core[.dr0], guest.core[.dr1]) = (Place.code + 2, Self.data)
    guest.core[.dr7] = 0xF0_0405
    guest.core.watchBreakpoints()
    // mov ss, [rbx]; nop
    #expect(try guest.run([0x8E, 0x13, 0x90, 0xF4]) == 1)
    #expect(try guest.frame(0) == Place.code + 2)
    #expect(guest.core[.dr6] & 0xF == 3)
  }

  @Test("B11 TF traps in the middle of a repeated instruction, whose rest resumes")
  func strings() throws {
    let guest = try SystemGuest(.long)
    (guest.core[.rdi], guest.core[.rcx]) = (Self.data, 3)
    // push 0x102; popfq; rep stosb
    #expect(try guest.run([0x68, 2, 1, 0, 0, 0x9D, 0xF3, 0xAA, 0xF4]) == 1)
    #expect(guest.core[.rcx] == 2)
    #expect(try guest.frame(0) == Place.code + 6)
    #expect(try guest.frame(2) & Flags.rf != 0)
  }
}
