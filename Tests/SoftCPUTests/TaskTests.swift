import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

@Suite("gates, tasks and virtual 8086 mode") struct TaskTests {
  private typealias Place = SystemGuest.Place
  private typealias Selector = SystemGuest.Selector

  /// A task segment of its own at `secondTask`, whose code is a lone HLT at 0x2000.
  private func makeSecondTask(_ guest: SystemGuest) throws {
    try guest.store(0x0000_8900_8800_0067, Place.global + UInt64(Selector.own))
    try guest.memory.write([0xF4], at: GuestAddress(0x2000))
    for (place, value) in [(UInt64(0x20), UInt64(0x2000)), (0x24, 2), (0x38, 0x3800), (0x28, 0xAAAA)] { try guest.store32(value, Place.secondTask + place) }
    for n in UInt64(0)..<6 { try guest.store32(UInt64(n == 1 ? Selector.code32 : Selector.data), Place.secondTask + 0x48 + n * 4) }
    try guest.store32(Place.tables, Place.secondTask + 0x1C)
  }

  @Test("a far jump to a task segment saves one task and loads the other", arguments: [SystemGuest.Mode.segments, .paging32])
  func jumpToTask(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    try makeSecondTask(guest)
    guest.core[.rdx] = 0x1234
    // jmp 0x50:0
    #expect(try guest.run([0xEA, 0, 0, 0, 0, 0x50, 0]) == nil)
    #expect(guest.core[.rip] == 0x2001)
    #expect(guest.core[.rax] == 0xAAAA)
    #expect(guest.core.selector(Segment.task) == Selector.own)
    #expect(guest.core[.cr0] & 8 != 0)
    #expect(try guest.load32(Place.task + 0x20) == Place.code + 7)
    #expect(try guest.load32(Place.task + 0x30) == 0x1234)
    // Only the running task is busy.
    #expect(try guest.load(Place.global + UInt64(Selector.own)) >> 40 & 0xF == 11)
    #expect(try guest.load(Place.global + UInt64(Selector.task)) >> 40 & 0xF == 9)
  }

  @Test("a called task returns by IRET to the one that called it")
  func callTask() throws {
    let guest = try SystemGuest(.segments)
    try makeSecondTask(guest)
    try guest.memory.write([0xCF], at: GuestAddress(0x2000))
    // call 0x50:0; mov eax, 7; hlt
    #expect(try guest.run([0x9A, 0, 0, 0, 0, 0x50, 0, 0xB8, 7, 0, 0, 0, 0xF4]) == nil)
    #expect(guest.core[.rax] == 7)
    #expect(guest.core.selector(Segment.task) == Selector.task)
    #expect(try guest.load32(Place.secondTask) == UInt64(Selector.task))
  }

  @Test("a double fault through a task gate finds its error code on the new task's stack")
  func taskGate() throws {
    let guest = try SystemGuest(.segments)
    try makeSecondTask(guest)
    try guest.setGate(8, 0x8500, selector: Selector.own)
    try guest.setGate(6, 0x0E00)
    try guest.setGate(11, 0x0E00)
    #expect(try guest.run([0x0F, 0x0B]) == nil)
    #expect(guest.core[.rip] == 0x2001)
    #expect(guest.core[.rsp] == 0x37FC)
    #expect(try guest.load32(0x37FC) == 0)
    #expect(guest.core.flags & Flags.nt != 0)
    #expect(try guest.load32(Place.task + 0x20) == Place.code)
  }

  @Test("a call gate takes a user to the system with its parameters, and RETF brings it back")
  func callGate() throws {
    let guest = try SystemGuest(.segments)
    // A gate for users to code at 0x2000 with two parameters: mov eax, [esp+8]; retf 8
    try guest.store(0x0000_EC02_0018_2000, Place.global + UInt64(Selector.own))
    try guest.memory.write([0x8B, 0x44, 0x24, 0x08, 0xCA, 8, 0], at: GuestAddress(0x2000))
    try guest.enter(user: true)
    // push 5; push 6; call 0x53:0; ud2
    #expect(try guest.run([0x6A, 5, 0x6A, 6, 0x9A, 0, 0, 0, 0, 0x53, 0, 0x0F, 0x0B]) == 6)
    #expect(guest.core[.rax] == 6)
    #expect(try guest.frame(0) == Place.code + 11)
    #expect(try guest.frame(3) == Place.stack)
  }

  @Test("users cannot call code or gates of the system")
  func refusedGates() throws {
    let guest = try SystemGuest(.segments)
    try guest.store(0x0000_8C00_0018_2000, Place.global + UInt64(Selector.own))
    for (selector, vector) in [(UInt8(0x53), UInt8(13)), (0x18, 13), (0x38, 13), (0x28, 13), (0xF8, 13)] {
      try guest.enter(user: true)
      #expect(try guest.run([0x9A, 0, 0, 0, 0, selector, 0]) == vector)
      #expect(try guest.frame(0) == UInt64(selector & 0xFC))
    }
  }

  @Test("IRET enters virtual 8086 mode, whose exceptions save and clear all segments")
  func virtual8086() throws {
    let guest = try SystemGuest(.segments)
    guest.core[.rsp] = 0x4F00
    // EIP CS EFLAGS ESP SS ES DS FS GS
    for (number, value) in [UInt64(0x10), 0x200, 0x2_0002, 0x100, 0x300, 0x11, 0x22, 0x33, 0x44].enumerated() {
      try guest.store32(value, 0x4F00 + UInt64(number) * 4)
    }
    // mov ax, ds; int 0x21
    try guest.memory.write([0x8C, 0xD8, 0xCD, 0x21], at: GuestAddress(0x2010))
    #expect(try guest.run([0xCF]) == 13)
    #expect(guest.core[.rax] & 0xFFFF == 0x22)
    let frame = try (0..<10).map { try guest.frame($0) }
    #expect(frame == [0, 0x12, 0x200, 0x3_0002, 0x100, 0x300, 0x11, 0x22, 0x33, 0x44])
    #expect(guest.core.selector(Segment.ds) == 0)
    #expect(!guest.core.isVirtual8086)
  }
}
