import Primitives
import Testing

@testable import SoftCPU

@Suite("registers of the system") struct SystemRegisterTests {
  private typealias Place = SystemGuest.Place

  private func write(_ guest: SystemGuest, _ msr: UInt32, _ value: UInt64) -> Fault? {
    do throws(Fault) { try guest.core.writeMSR(msr, value) } catch { return error }
    return nil
  }

  private func identify(_ guest: SystemGuest, _ leaf: UInt64) -> (rax: UInt64, rbx: UInt64, rcx: UInt64, rdx: UInt64) {
    (guest.core[.rax], guest.core[.rcx]) = (leaf, 0)
    guest.core.cpuid()
    return (guest.core[.rax], guest.core[.rbx], guest.core[.rcx], guest.core[.rdx])
  }

  @Test("B3 the four performance counters of AMD's processors exist, and have counted nothing")
  func counters() throws {
    let guest = try SystemGuest(.long)
    for number in UInt32(0)..<4 {
      #expect(write(guest, 0xC001_0000 + number, 0x53_0076) == nil && write(guest, 0xC001_0004 + number, 5) == nil)
      #expect(try guest.core.readMSR(0xC001_0000 + number) == 0x53_0076)
      #expect(try guest.core.readMSR(0xC001_0004 + number) == 0)
    }
    #expect(write(guest, 0xC001_0008, 0) == .protection)
    // rdpmc of the last one and of one more; and of the last one for a user, unless CR4.PCE lets it
    for (number, user, control, vector) in [(3, false, 0x20, nil), (4, false, 0x20, 13), (3, true, 0x20, 13), (3, true, 0x120, 6)] as [(UInt64, Bool, UInt64, UInt8?)] {
      try guest.enter(user: user)
      (guest.core[.rcx], guest.core[.cr4]) = (number, control)
      #expect(try guest.run([0x0F, 0x33] + (user ? [0x0F, 0x0B] : [0xF4])) == vector)
    }
  }

  @Test("SERIALIZE is offered, and does nothing that a program could see; with other prefixes it is not there")
  func serialize() throws {
    for user in [false, true] {
      let guest = try SystemGuest(.long)
      #expect(identify(guest, 7).rdx >> 14 & 1 == 1)
      try guest.enter(user: user)
      #expect(try guest.run([0x0F, 0x01, 0xE8, 0x0F, 0x0B]) == 6)
      #expect(try guest.frame(0) == SystemGuest.Place.code + 3)
      for prefix in [0x66, 0xF0, 0xF2, 0xF3] as [UInt8] {
        try guest.enter(user: user)
        #expect(try guest.run([prefix, 0x0F, 0x01, 0xE8]) == 6)
        #expect(try guest.frame(0) == SystemGuest.Place.code)
      }
    }
  }

  @Test("C3 the time-stamp counter has a constant pace, as CPUID and HWCR say")
  func constantPace() throws {
    let guest = try SystemGuest(.long)
    #expect(identify(guest, 0x8000_0007).rdx >> 8 & 1 == 1)
    #expect(try guest.core.readMSR(0xC001_0015) == 1 << 24)
    #expect(write(guest, 0xC001_0015, 0) == nil)
    #expect(try guest.core.readMSR(0xC001_0015) == 1 << 24)
  }

  @Test("B16 machine checks have four banks, whose registers take what they take on AMD's processors")
  func machineChecks() throws {
    let guest = try SystemGuest(.long)
    #expect(identify(guest, 1).rdx >> 7 & 1 == 1 && identify(guest, 1).rdx >> 14 & 1 == 1)
    #expect(try guest.core.readMSR(0x179) == 4)
    #expect(write(guest, 0x179, 4) == .protection)
    for bank in UInt32(0)..<4 {
      let control = 0x400 + bank * 4
      #expect(write(guest, control, .max) == nil && write(guest, control, 1) == .protection)
      #expect(write(guest, control + 1, 0) == nil && write(guest, control + 1, 1) == .protection)
      #expect(write(guest, control + 2, 5) == nil && write(guest, control + 3, 6) == nil)
      #expect(try (0..<4).map { try guest.core.readMSR(control + $0) } == [.max, 0, 5, 6])
    }
    #expect(write(guest, 0x410, 0) == .protection)
  }

  @Test("B16 with UMIP users do not learn where the tables are", arguments: [SystemGuest.Mode.segments, .long])
  func tableGuard(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    // sgdt [rbx]; sidt [rbx]; sldt ax; str ax; smsw ax
    for code: [UInt8] in [[0x0F, 0x01, 0x03], [0x0F, 0x01, 0x0B], [0x0F, 0x00, 0xC0], [0x0F, 0x00, 0xC8], [0x0F, 0x01, 0xE0]] {
      for (user, guards, vector) in [(true, true, 13), (true, false, 6), (false, true, 6)] as [(Bool, Bool, UInt8)] {
        try guest.enter(user: user)
        guest.core[.rbx] = Place.code + 0x100
        if guards { guest.core[.cr4] |= 1 << 11 }
        #expect(try guest.run(code + [0x0F, 0x0B]) == vector, "\(code)")
      }
    }
  }

  @Test("B10 the local APIC's page lies within the physical address, and CPUID tells whether there is one")
  func localAPIC() throws {
    let guest = try SystemGuest(.long)
    #expect(write(guest, 0x1B, 1 << 40 | 0xFEE0_0900) == .protection)
    #expect(write(guest, 0x1B, 1 << 39 | 0xFEE0_0900) == nil)
    #expect(identify(guest, 1).rdx >> 9 & 1 == 1)
    #expect(write(guest, 0x1B, 0xFEE0_0100) == nil)
    #expect(identify(guest, 1).rdx >> 9 & 1 == 0)
  }

  @Test("B13 the addresses of SYSENTER are canonical", arguments: [0x175, 0x176] as [UInt32])
  func systemEntry(msr: UInt32) throws {
    let guest = try SystemGuest(.long)
    #expect(write(guest, msr, 0x8000_0000_0000) == .protection)
    #expect(write(guest, msr, 0xFFFF_8000_0000_0000) == nil)
  }

  @Test("B15 what CPUID does not offer cannot be turned on in CR4")
  func controls() throws {
    let guest = try SystemGuest(.long)
    let (one, seven) = (identify(guest, 1), identify(guest, 7))
    // VME and PVI, TSD, DE, PSE, PAE, MCE, PGE, PCE, FXSR, SSE; UMIP, 57-bit addresses, VMX, SMX, FSGSBASE, PCID, XSAVE, SMEP, SMAP, PKU, CET, PKS
    let offered: [(bit: UInt64, isOffered: Bool)] = [
      (0, one.rdx >> 1 & 1 == 1), (1, one.rdx >> 1 & 1 == 1), (2, one.rdx >> 4 & 1 == 1), (3, one.rdx >> 2 & 1 == 1), (4, one.rdx >> 3 & 1 == 1),
      (5, true), (6, one.rdx >> 7 & 1 == 1), (7, one.rdx >> 13 & 1 == 1), (8, true), (9, one.rdx >> 24 & 1 == 1), (10, one.rdx >> 25 & 1 == 1),
      (11, seven.rcx >> 2 & 1 == 1), (12, seven.rcx >> 16 & 1 == 1), (13, one.rcx >> 5 & 1 == 1), (14, one.rcx >> 6 & 1 == 1), (16, seven.rbx & 1 == 1),
      (17, one.rcx >> 17 & 1 == 1), (18, one.rcx >> 26 & 1 == 1), (20, seven.rbx >> 7 & 1 == 1), (21, seven.rbx >> 20 & 1 == 1),
      (22, seven.rcx >> 3 & 1 == 1), (23, seven.rcx >> 7 & 1 == 1), (24, seven.rcx >> 31 & 1 == 1),
    ]
    for (bit, isOffered) in offered {
      try guest.enter(user: false)
      guest.core[.rax] = guest.core[.cr4] | 1 << bit
      // mov cr4, rax
      #expect(try guest.run([0x0F, 0x22, 0xE0, 0xF4]) == (isOffered ? nil : 13), "bit \(bit)")
    }
  }
}
