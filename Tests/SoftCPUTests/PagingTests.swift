import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

@Suite("pages and their rights") struct PagingTests {
  private static let page: UInt64 = 0x80_0000
  private static let target: UInt64 = 0x40_0000
  private static let paged: [SystemGuest.Mode] = [.paging32, .pae, .long]

  /// mov eax, [page]; mov [page], eax; jmp page
  private enum Access: CaseIterable {
    case read, write, fetch
    var code: [UInt8] {
      switch self {
      case .read: [0x8B, 0x03, 0xF4]
      case .write: [0x89, 0x03, 0xF4]
      case .fetch: [0xFF, 0xE3]
      }
    }
    var bit: UInt64 { self == .read ? 0 : self == .write ? 2 : 16 }
  }

  /// The error code of an access to a page with these rights; nil if it succeeds.
  private func access(_ guest: SystemGuest, _ access: Access, user: Bool, _ rights: UInt64, prepare: (Core) -> Void = { _ in }) throws -> UInt64? {
    try guest.map(Self.page, Self.target, rights)
    // The page's own code: hlt, or for users ud2.
    try guest.memory.write(user ? [0x0F, 0x0B] : [0xF4], at: .init(Self.target))
    try guest.enter(user: user)
    guest.core[.rbx] = Self.page
    prepare(guest.core)
    guest.core.updateMode()
    guest.core.flushTranslations()
    guard try guest.run(access.code) == 14 else { return nil }
    #expect(guest.core[.cr2] == Self.page)
    #expect(try guest.frame(1) == (access == .fetch ? Self.page : SystemGuest.Place.code))
    return try guest.frame(0)
  }

  @Test("a page that is not present faults with what was wanted of it", arguments: paged)
  func notPresent(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    for kind in Access.allCases {
      for user in [false, true] {
        // Without the execute-disable feature a fetch is told as a read.
        let bit = kind == .fetch && mode == .paging32 ? 0 : kind.bit
        #expect(try access(guest, kind, user: user, 6) == bit | (user ? 4 : 0))
      }
    }
  }

  @Test("users need the user bit, writers the write bit, fetches no execute-disable bit", arguments: paged)
  func rights(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    #expect(try access(guest, .read, user: true, 7) == nil)
    #expect(try access(guest, .write, user: true, 7) == nil)
    #expect(try access(guest, .read, user: true, 3) == 5)
    #expect(try access(guest, .write, user: true, 3) == 7)
    #expect(try access(guest, .read, user: true, 5) == nil)
    #expect(try access(guest, .write, user: true, 5) == 7)
    #expect(try access(guest, .write, user: false, 1) == 3)
    #expect(try access(guest, .write, user: false, 1) { $0[.cr0] &= ~(1 << 16) } == nil)
    #expect(try access(guest, .fetch, user: false, 3) == nil)
    if mode == .paging32 { return }
    #expect(try access(guest, .fetch, user: false, 1 << 63 | 3) == 17)
    #expect(try access(guest, .fetch, user: true, 1 << 63 | 7) == 21)
    #expect(try access(guest, .read, user: true, 1 << 63 | 7) == nil)
  }

  @Test("SMEP and SMAP keep the system away from user pages", arguments: paged)
  func supervisorModes(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    #expect(try access(guest, .fetch, user: false, 7) == nil)
    #expect(try access(guest, .fetch, user: false, 7) { $0[.cr4] |= 1 << 20 } == 17)
    #expect(try access(guest, .read, user: false, 7) { $0[.cr4] |= 1 << 21 } == 1)
    #expect(try access(guest, .write, user: false, 7) { $0[.cr4] |= 1 << 21 } == 3)
    #expect(
      try access(guest, .write, user: false, 7) {
        $0[.cr4] |= 1 << 21
        $0[.systemFlags] |= Flags.ac
      } == nil)
    #expect(try access(guest, .read, user: true, 7) { $0[.cr4] |= 1 << 21 } == nil)
  }

  @Test("a reserved bit in an entry faults as one", arguments: [SystemGuest.Mode.pae, .long])
  func reserved(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    #expect(try access(guest, .read, user: false, 1 << 45 | 3) == 9)
    #expect(try access(guest, .write, user: true, 1 << 45 | 7) == 15)
    #expect(try access(guest, .read, user: false, 1 << 63 | 3) { $0[.efer] &= ~0x800 } == 9)
  }

  @Test("reads set accessed bits all the way down, writes dirty in the last entry", arguments: paged)
  func accessed(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    let leaf = try { try guest.map(Self.page, Self.target, 3); return try guest.entryPlace(Self.page, shift: 12) }()
    let upper = try guest.entryPlace(Self.page, shift: mode == .paging32 ? 22 : 21)
    #expect(try guest.load32(leaf) & 0x60 == 0)
    #expect(try access(guest, .read, user: false, 3) == nil)
    #expect(try guest.load32(leaf) & 0x60 == 0x20)
    #expect(try guest.load32(upper) & 0x20 == 0x20)
    // A write to a page that was read before, whose translation is known.
    #expect(try guest.run([0x8B, 0x03, 0x89, 0x03, 0xF4]) == nil)
    #expect(try guest.load32(leaf) & 0x60 == 0x60)
  }

  @Test("large pages reach all their bytes")
  func large() throws {
    for (mode, shift) in [(SystemGuest.Mode.paging32, UInt64(22)), (.pae, 21), (.long, 21), (.long, 30)] {
      let guest = try SystemGuest(mode)
      let base: UInt64 = shift == 30 ? 1 << 30 : 0x80_0000
      try guest.map(base, shift == 30 ? 0 : 0x40_0000, 3, shift: shift)
      try guest.memory.store(UInt32(0x1234_5678), at: .init(0x40_0000 + 0x1F_FFF0))
      try guest.enter(user: false)
      guest.core[.rbx] = base + (shift == 30 ? 0x40_0000 : 0) + 0x1F_FFF0
      #expect(try guest.run([0x8B, 0x03, 0xF4]) == nil)
      #expect(guest.core[.rax] == 0x1234_5678, "\(mode) \(shift)")
      #expect(try guest.load32(guest.entryPlace(base, shift: shift)) & 0x60 == 0x20)
    }
  }

  @Test("an access across two pages tells the second one's address, and writes nothing to the first")
  func crossing() throws {
    let guest = try SystemGuest(.long)
    try guest.map(Self.page, Self.target, 3)
    try guest.enter(user: false)
    guest.core[.rbx] = Self.page + 0xFFE
    guest.core[.rax] = 0xFFFF_FFFF
    #expect(try guest.run([0x89, 0x03, 0xF4]) == 14)
    #expect(guest.core[.cr2] == Self.page + 0x1000)
    #expect(try guest.load32(Self.target + 0xFFC) == 0)
  }

  @Test("INVLPG makes a changed entry count")
  func invalidate() throws {
    let guest = try SystemGuest(.long)
    try guest.map(Self.page, Self.target, 3)
    try guest.memory.store(UInt32(7), at: .init(0x60_0000))
    try guest.enter(user: false)
    guest.core[.rbx] = Self.page
    guest.core[.rcx] = try guest.entryPlace(Self.page, shift: 12)
    guest.core[.rdx] = 0x60_0003
    for page in UInt64(0)..<8 { try guest.map(SystemGuest.Place.tables + page << 12, SystemGuest.Place.tables + page << 12, 3) }
    // mov eax, [rbx]; mov [rcx], rdx; invlpg [rbx]; mov eax, [rbx]; hlt
    #expect(try guest.run([0x8B, 0x03, 0x48, 0x89, 0x11, 0x0F, 0x01, 0x3B, 0x8B, 0x03, 0xF4]) == nil)
    #expect(guest.core[.rax] == 7)
  }

  /// A guest that has read two pages, the second a global one, whose entries now lead elsewhere.
  private func changed(shift: UInt64 = 12) throws -> SystemGuest {
    let guest = try SystemGuest(.long)
    try guest.enter(user: false)
    for (number, rights) in [(UInt64(0), UInt64(3)), (1, 0x103)] {
      try guest.map(Self.page + number << shift, Self.target, rights, shift: shift)
      try guest.memory.store(UInt32(7), at: .init(Self.target))
    }
    guest.core[.cr4] |= 0x80
    for number in UInt64(0)..<2 { #expect(try guest.core.read(Self.page + number << shift, UInt32.self) == 7) }
    for number in UInt64(0)..<2 {
      let place = try guest.entryPlace(Self.page + number << shift, shift: shift)
      try guest.store(guest.load(place) & ~Self.target | 0x60_0000, place)
    }
    try guest.memory.store(UInt32(9), at: .init(0x60_0000))
    return guest
  }
  private func read(_ guest: SystemGuest, shift: UInt64 = 12) throws -> [UInt32] {
    try (UInt64(0)..<2).map { try guest.core.read(Self.page + $0 << shift) }
  }

  @Test("a new CR3 forgets all translations but global ones, INVLPG and a new CR4 forget those, too")
  func globalPages() throws {
    let guest = try changed()
    try guest.core.writeControl(3, guest.core[.cr3])
    #expect(try read(guest) == [9, 7])
    guest.core.flushTranslation(of: Self.page + 0x1000)
    #expect(try read(guest) == [9, 9])
    let other = try changed()
    try other.core.writeControl(4, other.core[.cr4] & ~0x80)
    #expect(try read(other) == [9, 9])
  }

  @Test("INVLPG of one address forgets the whole of a large page")
  func largeInvalidation() throws {
    let guest = try changed(shift: 21)
    guest.core.flushTranslation(of: Self.page + 0x1F_F000)
    #expect(try read(guest, shift: 21)[0] == 9)
  }

  /// INVPCID with a descriptor; whether it faulted.
  private func invalidate(_ guest: SystemGuest, _ kind: UInt64, identifier: UInt64 = 0, _ address: UInt64 = 0) throws -> Bool {
    try guest.store(identifier, 0x2000)
    try guest.store(address, 0x2008)
    (guest.core[.rax], guest.core[.rbx]) = (kind, 0x2000)
    // invpcid rax, [rbx]
    return try guest.run([0x66, 0x0F, 0x38, 0x82, 0x03, 0xF4]) == 13
  }

  @Test("INVPCID forgets an address, an identifier, everything, or everything that is not global")
  func invalidateIdentifier() throws {
    for (kind, expected) in [(UInt64(0), [9, 7]), (1, [9, 7]), (2, [9, 9]), (3, [9, 7])] as [(UInt64, [UInt32])] {
      let guest = try changed()
      #expect(try !invalidate(guest, kind, Self.page))
      #expect(try read(guest) == expected, "\(kind)")
    }
    let guest = try changed()
    #expect(try invalidate(guest, 4))
    #expect(try invalidate(guest, 0, 1 << 60))
    #expect(try invalidate(guest, 1, identifier: 5))
    #expect(try invalidate(guest, 2, identifier: 1 << 12))
    try guest.core.writeControl(4, guest.core[.cr4] | CR4.identifiers)
    #expect(try !invalidate(guest, 1, identifier: 5))
  }

  @Test("process identifiers begin with number 0, and keep paging on")
  func identifiers() throws {
    let guest = try SystemGuest(.long)
    let core = guest.core
    core[.cr3] |= 1
    #expect(throws: Fault.protection) { try core.writeControl(4, core[.cr4] | CR4.identifiers) }
    core[.cr3] &= ~1
    #expect(throws: Fault.protection) { try core.writeControl(3, core[.cr3] | 1 << 63) }
    try core.writeControl(4, core[.cr4] | CR4.identifiers)
    try core.writeControl(3, core[.cr3] | 1 << 63 | 5)
    #expect(core[.cr3] == SystemGuest.Place.tables | 5)
    #expect(throws: Fault.protection) { try core.writeControl(0, core[.cr0] & ~(1 << 31)) }
    let short = try SystemGuest(.pae)
    #expect(throws: Fault.protection) { try short.core.writeControl(4, short.core[.cr4] | CR4.identifiers) }
  }
}
