import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

@Suite("loading segments and tables") struct SegmentLoadTests {
  private typealias Place = SystemGuest.Place
  private typealias Selector = SystemGuest.Selector
  private static let own = Place.global + UInt64(Selector.own)

  @Test("B7 a null SS of 64-bit code has the level's own privilege")
  func nullStack() throws {
    for (selector, vector) in [(0, nil), (1, 13), (3, 13)] as [(UInt64, UInt8?)] {
      let guest = try SystemGuest(.long)
      guest.core[.rax] = selector
      // mov ss, eax
      #expect(try guest.run([0x8E, 0xD0, 0xF4]) == vector)
      if vector != nil { #expect(try guest.frame(0) == 0) }
    }
  }

  @Test("B9 POP SS moves the stack pointer as the old stack counts")
  func popStack() throws {
    let guest = try SystemGuest(.segments)
    // A stack of 16 bits.
    try guest.store(0x0000_9300_0000_FFFF, Self.own)
    guest.core[.rsp] = 0x1_0000 - 4
    try guest.store32(UInt64(Selector.own), 0x1_0000 - 4)
    // pop ss, from 32 to 16 bits
    #expect(try guest.run([0x17, 0x90, 0xF4]) == nil)
    #expect(guest.core[.rsp] == 0x1_0000)
    // and back
    guest.core[.rsp] = 0x7777_FFFC
    try guest.store32(UInt64(Selector.data), 0xFFFC)
    #expect(try guest.run([0x17, 0x90, 0xF4]) == nil)
    #expect(guest.core[.rsp] == 0x7777_0000)
  }

  @Test("B13 LGDT and LIDT refuse a base that is not canonical, LLDT and LTR a descriptor that has one")
  func bases() throws {
    let guest = try SystemGuest(.long)
    try guest.store(0xFFFF, 0x2000)
    try guest.store(0x8000_0000_0000, 0x2002)
    // lgdt [rbx]; lidt [rbx]
    for modRM: UInt8 in [0x13, 0x1B] {
      try guest.enter(user: false)
      guest.core[.rbx] = 0x2000
      #expect(try guest.run([0x0F, 0x01, modRM]) == 13)
    }
    // A local table, and a task, at 8000_0000_8000.
    for (type, code) in [(0x82, [0x0F, 0x00, 0xD0]), (0x89, [0x0F, 0x00, 0xD8])] as [(UInt64, [UInt8])] {
      try guest.store(type << 40 | 0x0000_0000_8000_0067, Self.own)
      try guest.store(0x8000, Self.own + 8)
      try guest.enter(user: false)
      guest.core[.rax] = UInt64(Selector.own)
      #expect(try guest.run(code) == 13)
      #expect(try guest.frame(0) == UInt64(Selector.own))
    }
  }

  @Test("B15 a segment that is loaded is marked accessed in its table", arguments: [SystemGuest.Mode.segments, .long])
  func accessed(mode: SystemGuest.Mode) throws {
    let code: UInt64 = mode == .long ? 0x00AF_9A00_0000_FFFF : 0x00CF_9A00_0000_FFFF
    // mov ds, eax; mov ss, eax; a far return to code, and an exception into it
    for (descriptor, bytes) in [(0x00CF_9200_0000_FFFF, [0x8E, 0xD8, 0xF4]), (0x00CF_9200_0000_FFFF, [0x8E, 0xD0, 0xF4]), (code, [0xCB, 0xF4]), (code, [0x0F, 0x0B])] as [(UInt64, [UInt8])] {
      let guest = try SystemGuest(mode)
      try guest.store(descriptor, Self.own)
      try guest.setGate(6, 0x8E00, selector: Selector.own)
      guest.core[.rax] = UInt64(Selector.own)
      guest.core[.rsp] = Place.stack - 8
      try guest.store32(Place.code + 1, Place.stack - 8)
      try guest.store32(UInt64(Selector.own), Place.stack - 4)
      _ = try guest.run(bytes)
      #expect(try guest.load(Self.own) == descriptor | 1 << 40, "\(bytes)")
    }
  }

  @Test("B15 a segment in a table that cannot be written is a page fault while it is not yet marked")
  func readOnlyTable() throws {
    for (descriptor, vector) in [(0x00CF_9300_0000_FFFF, nil), (0x00CF_9200_0000_FFFF, 14)] as [(UInt64, UInt8?)] {
      let guest = try SystemGuest(.long)
      try guest.store(descriptor, Self.own)
      try guest.map(Place.global, Place.global, 1)
      guest.core[.rax] = UInt64(Selector.own)
      #expect(try guest.run([0x8E, 0xD8, 0xF4]) == vector)
      #expect(guest.core.selector(Segment.ds) == (vector == nil ? Selector.own : Selector.data))
    }
  }

  @Test("B15 LTR takes an available task only, and none of 16 bits in long mode", arguments: [SystemGuest.Mode.segments, .long])
  func tasks(mode: SystemGuest.Mode) throws {
    for (type, isTaken) in [(9, true), (11, false), (3, false), (1, mode != .long)] as [(UInt64, Bool)] {
      let guest = try SystemGuest(mode)
      try guest.store(0x0000_8000_8000_0067 | type << 40, Self.own)
      try guest.store(0, Self.own + 8)
      guest.core[.rax] = UInt64(Selector.own)
      #expect(try guest.run([0x0F, 0x00, 0xD8, 0xF4]) == (isTaken ? nil : 13), "\(type)")
      if isTaken { #expect(try guest.load(Self.own) >> 40 & 15 == type | 2) }
    }
  }
}
