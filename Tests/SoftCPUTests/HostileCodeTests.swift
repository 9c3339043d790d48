import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

/// Guests that do not know what they are doing, or know it too well.
@Suite("hostile code") struct HostileCodeTests {
  @Test("VC-02 random bytes as code end in exceptions, not in us", arguments: SystemGuest.Mode.allCases, [false, true])
  func randomCode(mode: SystemGuest.Mode, user: Bool) throws {
    let guest = try SystemGuest(mode)
    var random = FixedSequence(FuzzSettings.seed &* 2 &+ (user ? 1 : 0))
    for _ in 0..<FuzzSettings.rounds(250) {
      try guest.enter(user: user)
      for register in 0..<16 where register != 4 { guest.core[register: register] = random.word() & (random.next() % 2 == 0 ? 0xFFFF : .max) }
      (guest.core[.cr4], guest.core[.xcr0]) = (guest.core[.cr4] | 0x44_0600, ExtendedArea.components)
      var code: [UInt8] = []
      for _ in 0..<48 { code += Self.likely(&random) }
      try guest.run(code, steps: 60)
    }
  }

  @Test("VC-02 a VEX prefix with another before it, with 256 bits, or in real mode is #UD")
  func vex() throws {
    let guest = try SystemGuest(.long)
    // blsr eax, ecx
    let code: [UInt8] = [0xC4, 0xE2, 0x78, 0xF3, 0xC9, 0xF4]
    for prefix: UInt8 in [0x66, 0xF0, 0xF2, 0xF3, 0x48] {
      try guest.enter(user: false)
      #expect(try guest.run([prefix] + code) == 6)
    }
    #expect(try guest.run([0xC4, 0xE2, 0x7C, 0xF3, 0xC9]) == 6)
    guest.core[.rcx] = 0b1100
    #expect(try guest.run(code) == nil)
    #expect(guest.core[.rax] == 0b1000)
    let real = try SystemGuest(.segments)
    real.core[.cr0] = 0x10
    real.core.updateMode()
    #expect(throws: Fault.undefined) {
      try real.memory.write(code, at: GuestAddress(SystemGuest.Place.code))
      try real.core.step()
    }
  }

  /// A few bytes, more often than not the beginning of an instruction that exists.
  private static func likely(_ random: inout FixedSequence) -> [UInt8] {
    let noise = (0..<3).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return switch random.next() % 8 {
    case 0: [0x0F] + noise
    case 1: [0x66, 0x0F] + noise
    case 2: [0x48, UInt8(truncatingIfNeeded: random.next()) & 0x3F] + noise
    case 3: [0xF3, 0x0F] + noise
    case 4: [0x0F, 0x01, UInt8(truncatingIfNeeded: random.next())]
    case 5: [UInt8(0xD8 | random.next() % 8)] + noise
    default: noise
    }
  }

  @Test("VC-02 any number of prefixes is one #GP", arguments: [SystemGuest.Mode.segments, .long])
  func prefixes(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    for prefix: UInt8 in [0x66, 0x67, 0x2E, 0xF0, 0xF2, 0xF3, 0x64] {
      try guest.enter(user: false)
      #expect(try guest.run([UInt8](repeating: prefix, count: 15) + [0x90]) == 13)
      #expect(try guest.frame(1) == SystemGuest.Place.code)
    }
  }

  @Test("an instruction that does not exist is counted by its name")
  func counted() throws {
    let guest = try SystemGuest(.long)
    for _ in 0..<3 {
      try guest.enter(user: false)
      #expect(try guest.run([0x66, 0x0F, 0x38, 0xF7, 0xC0]) == 6)
    }
    let first = guest.processor.environment.undefined.list.first
    #expect(first?.name == "66 0F 38 F7 /0 register")
    #expect(first?.count == 3)
  }

  @Test("VC-02 an instruction that goes on in a missing page faults there")
  func crossing() throws {
    let guest = try SystemGuest(.long)
    try guest.map(0x80_0000, 0x40_0000, 3)
    // mov eax, imm32 with three bytes in the page
    try guest.memory.write([0xB8, 1, 2], at: GuestAddress(0x40_0FFD))
    guest.core[.rax] = 0x80_0FFD
    #expect(try guest.run([0xFF, 0xE0]) == 14)
    #expect(guest.core[.cr2] == 0x80_1000)
    #expect(try guest.frame(0) == 16)
    #expect(try guest.frame(1) == 0x80_0FFD)
  }

  @Test("VC-02 random page tables lead nowhere or into memory", arguments: [SystemGuest.Mode.paging32, .pae, .long])
  func randomTables(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    var random = FixedSequence(FuzzSettings.seed &+ 3)
    for _ in 0..<FuzzSettings.rounds(40) {
      // Tables that point to each other, to memory, to devices and to nothing.
      for page in UInt64(0)..<8 {
        for entry in UInt64(0)..<512 {
          let target = random.next() % 3 == 0 ? random.next() & 0xF_FFFF_FFFF_F000 : 0x10_0000 + (random.next() % 8) << 12
          try guest.store(target | random.next() & 0xFFF | (random.next() % 4 == 0 ? 1 << 63 : 0), SystemGuest.Place.tables + page << 12 + entry * 8)
        }
      }
      try guest.processor.setState(guest.processor.state())
      for _ in 0..<200 {
        let address = UInt64(bitPattern: (Int64(bitPattern: random.word()) << 16) >> 16)
        guest.core[.rip] = mode == .long ? address : address & 0xFFFF_FFFF
        _ = try guest.go(steps: 3)
        try? guest.core.probe(mode == .long ? address : address & 0xFFFF_FFFF, 8, write: random.next() % 2 == 0)
      }
    }
  }

  @Test("VC-02 random descriptors and task segments are refused or taken, and no more", arguments: [SystemGuest.Mode.segments, .long])
  func randomDescriptors(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    var random = FixedSequence(FuzzSettings.seed &+ 5)
    for _ in 0..<FuzzSettings.rounds(400) {
      for entry in UInt64(10)..<32 {
        let rights = random.next() & 0x00F0_FF00_0000_0000 | (random.next() % 4 == 0 ? 0 : 0x8000_0000_0000)
        try guest.store(rights | random.next() & 0xFFFF_FFFF, SystemGuest.Place.global + entry * 8)
      }
      for word in UInt64(0)..<26 { try guest.store32(random.next() % 2 == 0 ? random.next() : random.next() & 0xFF, SystemGuest.Place.secondTask + word * 4) }
      try guest.enter(user: random.next() % 2 == 0)
      let selector = UInt8(80 + random.next() % 176)
      guest.core[.rax] = UInt64(selector)
      let codes: [[UInt8]] = [
        [0x9A, 0, 0x20, 0, 0, selector, 0], [0xEA, 0, 0x20, 0, 0, selector, 0], [0x8E, 0xD8], [0x8E, 0xD0], [0x0F, 0x00, 0xD8],
        [0x0F, 0x00, 0xD0], [0x0F, 0x02, 0xC8], [0x0F, 0x03, 0xC8], [0x0F, 0x00, 0xE0], [0xCF], [0xCB], [0x6A, 0, 0x6A, selector, 0x6A, 0, 0xCF],
      ]
      try guest.run(codes[Int(random.next() % UInt64(codes.count))], steps: 20)
    }
  }
}
