import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

@Suite("exceptions and their frames") struct ExceptionTests {
  private typealias Place = SystemGuest.Place
  private typealias Selector = SystemGuest.Selector

  @Test("a user's exception comes on the system's stack of the task segment", arguments: [SystemGuest.Mode.segments, .paging32, .long])
  func innerStack(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    try guest.enter(user: true)
    // ud2
    #expect(try guest.run([0x0F, 0x0B]) == 6)
    let code = mode == .long ? Selector.userCode64 : Selector.userCode32
    #expect(try (0..<5).map { try guest.frame($0) } == [Place.code, UInt64(code), 0x1_0002, Place.stack, UInt64(Selector.userData)])
    #expect(guest.core[.rsp] == Place.innerStack - (mode == .long ? 48 : 24))
    #expect(guest.core.cpl == 0)
    #expect(guest.core.selector(Segment.ss) == (mode == .long ? 0 : Selector.data))
  }

  @Test("a gate with an interrupt stack gets it, aligned, from any level")
  func separateStack() throws {
    let guest = try SystemGuest(.long)
    try guest.setGate(6, 0x8E01)
    try guest.enter(user: false)
    guest.core[.rsp] = Place.stack - 3
    #expect(try guest.run([0x0F, 0x0B]) == 6)
    #expect(guest.core[.rsp] == Place.separateStack - 48)
    #expect(try guest.frame(3) == Place.stack - 3)
  }

  @Test("a selector that cannot be loaded is told in the error code")
  func selectorErrors() throws {
    let guest = try SystemGuest(.long)
    // mov ds, ax / mov ss, ax
    func load(_ segment: UInt8, _ selector: UInt16) throws -> [UInt64] {
      try guest.enter(user: false)
      guest.core[.rax] = UInt64(selector)
      guard let vector = try guest.run([0x8E, segment == 3 ? 0xD8 : 0xD0, 0xF4]) else { return [] }
      return [UInt64(vector), try guest.frame(0)]
    }
    #expect(try load(3, Selector.data) == [])
    #expect(try load(3, 0) == [])
    #expect(try load(3, 0x1F0) == [13, 0x1F0])
    #expect(try load(3, 0x54) == [13, 0x54])
    #expect(try load(3, Selector.task) == [13, 0x38])
    #expect(try load(2, Selector.userData) == [13, 0x28])
    #expect(try load(2, Selector.code64) == [13, 8])
    try guest.store(0x00CF_1300_0000_FFFF, Place.global + UInt64(Selector.own))
    #expect(try load(3, Selector.own) == [11, UInt64(Selector.own)])
    #expect(try load(2, Selector.own) == [12, UInt64(Selector.own)])
  }

  @Test("an address beyond a segment's limit is #GP, or #SS for the stack, with error code 0")
  func limits() throws {
    let guest = try SystemGuest(.segments)
    for (segment, vector) in [(Segment.ds, UInt8(13)), (Segment.ss, 12)] {
      try guest.enter(user: false)
      guest.core.setSegment(segment, selector: Selector.own, base: 0x2000, limit: 0xFFF, attributes: 0xC093)
      (guest.core[.rbx], guest.core[.rbp]) = (0xFFC, 0xFFC)
      guest.core[.rsp] = 0xF00
      // mov eax, [ebx] or [ebp]; then one byte further
      #expect(try guest.run([0x8B, segment == Segment.ds ? 0x03 : 0x45] + (segment == Segment.ds ? [] : [0]) + [0xF4]) == nil)
      (guest.core[.rbx], guest.core[.rbp]) = (0xFFD, 0xFFD)
      #expect(try guest.run([0x8B, segment == Segment.ds ? 0x03 : 0x45] + (segment == Segment.ds ? [] : [0]) + [0xF4]) == vector)
      #expect(try guest.frame(0) == 0)
    }
  }

  @Test("B6 a number over the end of a flat segment is #GP, and on the stack #SS")
  func segmentEnd() throws {
    let guest = try SystemGuest(.segments)
    (guest.core[.rbx], guest.core[.rbp]) = (0xFFFF_FFFE, 0xFFFF_FFFE)
    // mov eax, [ebx]; mov eax, [ebp]
    #expect(try guest.run([0x8B, 0x03, 0xF4]) == 13)
    #expect(try guest.run([0x8B, 0x45, 0, 0xF4]) == 12)
  }

  @Test("MOVSXD to 16 bits reads 32 of memory")
  func shortSignExtension() throws {
    let guest = try SystemGuest(.long)
    // the end of the last page that is there
    try guest.memory.write([0x34, 0x92, 1, 1], at: 0xFFFC)
    (guest.core[.rbx], guest.core[.rax]) = (0xFFFC, .max)
    // movsxd ax, [rbx]
    #expect(try guest.run([0x66, 0x63, 0x03, 0xF4]) == nil)
    #expect(guest.core[.rax] == 0xFFFF_FFFF_FFFF_9234)
    guest.core[.rbx] = 0xFFFE
    #expect(try guest.run([0x66, 0x63, 0x03, 0xF4]) == 14)
  }

  @Test("A0 BOUND reads both limits, even if the lower one refuses the index")
  func bound() throws {
    let guest = try SystemGuest(.segments)
    guest.core.setSegment(Segment.ds, selector: Selector.own, base: 0x2000, limit: 0xFFF, attributes: 0xC093)
    try guest.store32(100, 0x2FFC)
    guest.core[.rbx] = 0xFFC
    guest.core[.rax] = 99
    // bound eax, [ebx]; the upper limit would be beyond the segment
    #expect(try guest.run([0x62, 0x03, 0xF4]) == 13)
    (guest.core[.rbx], guest.core[.rax]) = (0xFF8, 101)
    #expect(try guest.run([0x62, 0x03, 0xF4]) == 5)
  }

  @Test("segments that grow down exist above their limit")
  func expandDown() throws {
    let guest = try SystemGuest(.segments)
    guest.core.setSegment(Segment.ds, selector: Selector.own, base: 0, limit: 0x2FFF, attributes: 0x4097)
    guest.core[.rbx] = 0x3000
    #expect(try guest.run([0x8B, 0x03, 0xF4]) == nil)
    guest.core[.rbx] = 0x2FFF
    #expect(try guest.run([0x8B, 0x03, 0xF4]) == 13)
  }

  @Test("read-only and execute-only segments refuse the rest, and a null one everything")
  func segmentRights() throws {
    let guest = try SystemGuest(.segments)
    for (attributes, read, write) in [(UInt32(0x4091), UInt8?.none, UInt8?(13)), (0x409B, nil, 13), (0x4099, 13, 13), (0x1_0000, 13, 13)] {
      for (opcode, vector) in [(UInt8(0x8B), read), (0x89, write)] {
        try guest.enter(user: false)
        guest.core.setSegment(Segment.ds, selector: Selector.own, base: 0, limit: 0xFFFF, attributes: attributes)
        guest.core[.rbx] = 0x3000
        #expect(try guest.run([opcode, 0x03, 0xF4]) == vector)
      }
    }
  }

  @Test("a user may call only the interrupts whose gate lets it")
  func softwareInterrupts() throws {
    let guest = try SystemGuest(.long)
    try guest.enter(user: true)
    #expect(try guest.run([0xCD, 0x40]) == 13)
    #expect(try guest.frame(0) == 0x40 << 3 | 2)
    try guest.setGate(0x40, 0xEE00)
    try guest.enter(user: true)
    #expect(try guest.run([0xCD, 0x40]) == 0x40)
    #expect(try guest.frame(0) == Place.code + 2)
  }

  @Test("a gate that is not present is #NP with its number")
  func absentGate() throws {
    let guest = try SystemGuest(.long)
    try guest.setGate(6, 0x0E00)
    #expect(try guest.run([0x0F, 0x0B]) == 11)
    #expect(try guest.frame(0) == 6 << 3 | 3)
    #expect(try guest.frame(1) == Place.code)
  }

  @Test("a page fault that cannot be told is a double fault, and that then the end", arguments: [SystemGuest.Mode.paging32, .pae, .long])
  func doubleAndTriple(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    try guest.setGate(14, 0x0E00)
    guest.core[.rbx] = 0xFF_0000
    #expect(try guest.run([0x8B, 0x03]) == 8)
    #expect(try guest.frame(0) == 0)
    #expect(try guest.frame(1) == Place.code)
    try guest.setGate(8, 0x0E00)
    try guest.enter(user: false)
    guest.core[.rbx] = 0xFF_0000
    #expect(try guest.run([0x8B, 0x03]) == nil)
    #expect(guest.wasShutDown)
  }

  @Test("a stack that faults while an exception is delivered leaves no trace but the double fault")
  func badStack() throws {
    let guest = try SystemGuest(.long)
    try guest.setGate(8, 0x8E01)
    guest.core[.rsp] = 0xFF_0000
    #expect(try guest.run([0x50]) == 8)
    #expect(try guest.frame(4) == 0xFF_0000)
    #expect(guest.core[.cr2] == 0xFE_FFF8)
  }

  @Test("IRETQ goes to user code and SYSCALL comes back")
  func thereAndBack() throws {
    let guest = try SystemGuest(.long)
    try guest.map(0x2000, 0x2000, 7)
    try guest.memory.write([0x0F, 0x05], at: .init(0x2000))
    guest.core[.star] = UInt64(Selector.code64) << 32 | UInt64(Selector.userCode32) << 48
    guest.core[.lstar] = Place.handlers + 0x7F0
    guest.core[.sfmask] = 0x200
    // push ss; push rsp...; iretq
    guest.core[.rsp] = 0x4F00
    for (number, value) in [0x2000, UInt64(Selector.userCode64), 0x202, 0x3000, UInt64(Selector.userData)].enumerated() {
      try guest.store(value, 0x4F00 + UInt64(number) * 8)
    }
    // No stack for the handler: halt at once.
    try guest.memory.write([0xF4], at: .init(Place.handlers + 0x7F0))
    #expect(try guest.run([0x48, 0xCF]) == 0x7F)
    #expect(guest.core[.rcx] == 0x2002)
    #expect(guest.core[.r11] == 0x202)
    #expect(guest.core[.rsp] == 0x3000)
    #expect(guest.core.cpl == 0)
    #expect(guest.core.flags & Flags.interrupts == 0)
  }

  @Test("TF traps after the next instruction, with DR6 saying why")
  func singleStep() throws {
    let guest = try SystemGuest(.long)
    // push 0x102; popfq; nop; nop; hlt
    #expect(try guest.run([0x68, 2, 1, 0, 0, 0x9D, 0x90, 0x90, 0xF4]) == 1)
    #expect(try guest.frame(0) == Place.code + 7)
    #expect(try guest.frame(2) & Flags.tf != 0)
    #expect(guest.core[.dr6] & 0x4000 != 0)
    #expect(guest.core.flags & Flags.tf == 0)
  }

  @Test("users reach the ports of the task's bitmap only")
  func portBitmap() throws {
    let guest = try SystemGuest(.long)
    try guest.enter(user: true)
    #expect(try guest.run([0xE4, 0x80]) == 13)
    try guest.enter(user: true)
    guest.core.setSegment(Segment.task, selector: Selector.task, base: Place.task, limit: 0xFF, attributes: 0x8B)
    // All ports but 0x80 to 0x87 and 0x89 are refused.
    for byte in UInt64(0)..<0x18 { try guest.memory.store(UInt8(byte == 16 ? 0 : byte == 17 ? 0xFD : 0xFF), at: .init(Place.task + 0x68 + byte)) }
    // in al, 0x80; in al, 0x89; in ax, 0x88
    #expect(try guest.run([0xE4, 0x80, 0xE4, 0x89, 0x66, 0xE5, 0x88]) == 13)
    #expect(try guest.frame(1) == Place.code + 4)
  }

  @Test("privileged instructions of a user are #GP")
  func privileged() throws {
    let guest = try SystemGuest(.long)
    let codes: [[UInt8]] = [
      [0xF4], [0xFA], [0xFB], [0x0F, 0x30], [0x0F, 0x32], [0x0F, 0x20, 0xC0], [0x0F, 0x22, 0xC0], [0x0F, 0x06], [0x0F, 0x09],
      [0x0F, 0x01, 0x3B], [0x0F, 0x01, 0x13], [0x0F, 0x00, 0xD8], [0x0F, 0x21, 0xC0], [0x0F, 0x07], [0x0F, 0x01, 0xF8], [0xEC], [0x6E],
      [0x0F, 0x35], [0x0F, 0x01, 0xF0],
    ]
    for code in codes {
      try guest.enter(user: true)
      (guest.core[.rbx], guest.core[.rsi]) = (Place.code + 0x80, Place.code + 0x80)
      #expect(try guest.run(code) == 13, "\(code)")
      #expect(try guest.frame(1) == Place.code)
    }
  }
}
