import GuestRAM
import Primitives
import Processor
import Testing

@testable import SoftCPU

/// PKRU: user pages with keys, and what each key's bits keep from whom (SDM 3A 4.6.2).
@Suite("keys of user pages", .enabled(if: HostOracle.hasAVX2, "the host has no AVX2, with which XSAVE comes")) struct PageKeyTests {
  private static let page: UInt64 = 0x80_0000
  private static let target: UInt64 = 0x40_0000
  private static let (key, rights) = (UInt64(5), UInt64(7))
  private static let (noAccess, noWrites) = (UInt32(1 << 10), UInt32(2 << 10))

  private static let read: [UInt8] = [0x8B, 0x03]
  private static let write: [UInt8] = [0x89, 0x03]
  private static let (readKeys, writeKeys) = ([0x0F, 0x01, 0xEE], [0x0F, 0x01, 0xEF]) as ([UInt8], [UInt8])

  /// A guest with a user page that has a key, and CR4.PKE.
  private func guest(user: Bool = false, key: UInt64 = key) throws -> SystemGuest {
    let guest = try SystemGuest(.long)
    try guest.map(Self.page, Self.target, Self.rights | key << 59)
    try guest.enter(user: user)
    guest.core[.cr4] |= CR4.pageKeys
    guest.core[.rbx] = Self.page
    return guest
  }

  /// The error code of an access under some rights; nil if it succeeds.
  private func access(_ guest: SystemGuest, _ code: [UInt8], _ rights: UInt32) throws -> UInt64? {
    guest.core.setPageKeys(rights)
    return try guest.run(code + [0x0F, 0x0B]) == 14 ? try guest.frame(0) : nil
  }

  @Test("B16 a key may deny users all data, or writes alone")
  func users() throws {
    #expect(try access(guest(user: true), Self.read, ~(Self.noAccess | Self.noWrites)) == nil)
    #expect(try access(guest(user: true), Self.write, ~(Self.noAccess | Self.noWrites)) == nil)
    #expect(try access(guest(user: true), Self.read, Self.noAccess) == 0x25)
    #expect(try access(guest(user: true), Self.write, Self.noAccess) == 0x27)
    #expect(try access(guest(user: true), Self.read, Self.noWrites) == nil)
    #expect(try access(guest(user: true), Self.write, Self.noWrites) == 0x27)
    #expect(try access(guest(user: true, key: 0), Self.read, Self.noAccess) == nil)
    #expect(try access(guest(user: true, key: 15), Self.read, 1 << 30) == 0x25)
  }

  @Test("B16 the system obeys keys, too; those that deny writes with CR0.WP")
  func supervisors() throws {
    #expect(try access(guest(), Self.read, Self.noAccess) == 0x21)
    #expect(try access(guest(), Self.write, Self.noWrites) == 0x23)
    let careless = try guest()
    careless.core[.cr0] &= ~(1 << 16)
    #expect(try access(careless, Self.write, Self.noWrites) == nil)
    #expect(try access(careless, Self.write, Self.noAccess) == 0x23)
  }

  @Test("B16 keys are for data of user pages in long mode, and with CR4.PKE")
  func exceptions() throws {
    // jmp rbx
    let fetching = try guest(user: true)
    try fetching.memory.write([0x0F, 0x0B], at: .init(Self.target))
    fetching.core.setPageKeys(Self.noAccess)
    #expect(try fetching.run([0xFF, 0xE3]) == 6)
    let off = try guest(user: true)
    off.core[.cr4] &= ~CR4.pageKeys
    #expect(try access(off, Self.read, Self.noAccess) == nil)
    let system = try guest()
    try system.map(Self.page, Self.target, 3 | Self.key << 59)
    #expect(try access(system, Self.write, Self.noAccess | Self.noWrites) == nil)
    let short = try SystemGuest(.pae)
    try short.map(Self.page, Self.target, Self.rights)
    try short.enter(user: true)
    short.core[.cr4] |= CR4.pageKeys
    short.core[.rbx] = Self.page
    #expect(try access(short, Self.read, .max) == nil)
  }

  @Test("B16 RDPKRU and WRPKRU want CR4.PKE, ECX of zero, EDX of zero to write, and no prefix", arguments: [false, true])
  func instructions(user: Bool) throws {
    let guest = try guest(user: user)
    func run(_ code: [UInt8], cx: UInt64 = 0, dx: UInt64 = 0) throws -> UInt8? {
      (guest.core[.rax], guest.core[.rcx], guest.core[.rdx]) = (0xFFFF_FFFF_5555_5554, cx, dx)
      // ICEBP: #DB
      return try guest.run(code + [0xF1])
    }
    #expect(try run(Self.writeKeys, cx: 0xF << 32, dx: 0xF << 32) == 1)
    #expect(guest.core[.pkru] == 0x5555_5554)
    try guest.enter(user: user)
    guest.core[.cr4] |= CR4.pageKeys
    #expect(try run(Self.readKeys, cx: 0xF << 32, dx: .max) == 1)
    #expect(guest.core[.rax] == 0x5555_5554 && guest.core[.rdx] == 0)
    for (code, cx, dx) in [(Self.readKeys, 1, 0), (Self.writeKeys, 1, 0), (Self.writeKeys, 0, 1)] as [([UInt8], UInt64, UInt64)] {
      try guest.enter(user: user)
      guest.core[.cr4] |= CR4.pageKeys
      #expect(try run(code, cx: cx, dx: dx) == 13)
    }
    for prefix: UInt8 in [0x66, 0xF2, 0xF3, 0xF0] {
      try guest.enter(user: user)
      guest.core[.cr4] |= CR4.pageKeys
      #expect(try run([prefix] + Self.readKeys, cx: 1) == 6)
    }
    try guest.enter(user: user)
    #expect(try run(Self.readKeys, cx: 1) == 6)
  }

  @Test("B16 a new PKRU counts from the next instruction on, for pages that have been reached before")
  func change() throws {
    let guest = try guest(user: true)
    (guest.core[.rcx], guest.core[.rdx]) = (0, 0)
    // mov esi, [rbx]; mov eax, noWrites; wrpkru; mov esi, [rbx]; mov [rbx], esi
    let code: [UInt8] = [0x8B, 0x33, 0x89, 0x33, 0xB8, 0, 8, 0, 0] + Self.writeKeys + [0x8B, 0x33, 0x89, 0x33]
    #expect(try guest.run(code) == 14)
    #expect(try guest.frame(1) == SystemGuest.Place.code + 14 && guest.frame(0) == 0x27)
  }

  @Test("B16 CPUID tells of keys, whether they are in use, and where XSAVE has them")
  func identification() throws {
    let guest = try guest()
    func identify(_ leaf: UInt64, _ subleaf: UInt64) -> [UInt64] {
      (guest.core[.rax], guest.core[.rcx]) = (leaf, subleaf)
      guest.core.cpuid()
      return [guest.core[.rax], guest.core[.rbx], guest.core[.rcx], guest.core[.rdx]]
    }
    #expect(identify(7, 0)[2] >> 3 & 3 == 3)
    guest.core[.cr4] &= ~CR4.pageKeys
    #expect(identify(7, 0)[2] >> 3 & 3 == 1)
    guest.core[.xcr0] = ExtendedArea.components
    #expect(identify(0xD, 0) == [0x207, 840, 840, 0])
    #expect(identify(0xD, 9) == [8, 832, 0, 0])
    guest.core[.xcr0] = 0x203
    #expect(identify(0xD, 0)[1] == 840 && identify(0xD, 1)[1] == 584)
  }

  /// XSAVE, XSAVEOPT, XSAVEC and XRSTOR of [RBX].
  private static let saves: [[UInt8]] = [[0x0F, 0xAE, 0x23], [0x0F, 0xAE, 0x33], [0x0F, 0xC7, 0x23]]
  private static let restore: [UInt8] = [0x0F, 0xAE, 0x2B]

  /// A guest that is about to save components to an area of other bytes.
  private func saver(_ components: UInt64, _ keys: UInt32) throws -> SystemGuest {
    let guest = try SystemGuest(.long)
    try guest.map(Self.page, Self.target, 3)
    try guest.memory.write([UInt8](repeating: 0xA5, count: 512) + [UInt8](repeating: 0, count: 64) + [UInt8](repeating: 0xA5, count: 400), at: .init(Self.target))
    (guest.core[.cr4], guest.core[.xcr0]) = (guest.core[.cr4] | 0x4_0620, ExtendedArea.components)
    guest.core.updateMode()
    (guest.core[.rax], guest.core[.rbx], guest.core[.rdx]) = (components, Self.page, 0)
    guest.core.setPageKeys(keys)
    return guest
  }

  @Test("B16 XSAVE, XSAVEOPT and XSAVEC save PKRU, which XRSTOR brings back", arguments: [(0x207, 832), (0x203, 576)] as [(UInt64, UInt64)])
  func extendedState(components: UInt64, compactPlace: UInt64) throws {
    for (number, code) in Self.saves.enumerated() {
      let guest = try saver(components, 0x1234_5678)
      #expect(try guest.run(code + [0xF4]) == nil)
      #expect(try guest.load(Self.target + 512) >> 9 == 1)
      #expect(try guest.load(Self.target + (number == 2 ? compactPlace : 832)) == 0x1234_5678)
      guest.core.setPageKeys(0)
      #expect(try guest.run(Self.restore + [0xF4]) == nil)
      #expect(guest.core[.pkru] == 0x1234_5678)
      // As after reset, if the area says so.
      try guest.store(guest.load(Self.target + 512) & 7, Self.target + 512)
      #expect(try guest.run(Self.restore + [0xF4]) == nil)
      #expect(guest.core[.pkru] == 0)
    }
  }

  @Test("B16 a PKRU of zero is not in use")
  func initial() throws {
    for (number, code) in Self.saves.enumerated() {
      let guest = try saver(0x207, 0)
      #expect(try guest.run(code + [0xF4]) == nil)
      #expect(try guest.load(Self.target + 512) >> 9 == 0)
      #expect(try guest.load(Self.target + 832) == (number == 0 ? 0 : 0xA5A5_A5A5_A5A5_A5A5))
      #expect(try guest.core.readXCR(1) >> 9 == 0)
      guest.core.setPageKeys(1)
      #expect(try guest.core.readXCR(1) >> 9 == 1)
    }
    let other = try saver(0x7, 5)
    #expect(try other.run(Self.saves[0] + [0xF4]) == nil)
    #expect(try other.load(Self.target + 512) >> 9 == 0 && other.run(Self.restore + [0xF4]) == nil)
    #expect(other.core[.pkru] == 5, "it was not asked for")
  }

  @Test("B16 what a processor is has its PKRU")
  func architecturalState() throws {
    let guest = try guest(user: true)
    guest.core.setPageKeys(Self.noAccess)
    let state = guest.processor.architecturalState()
    #expect(state.pageKeys == Self.noAccess)
    let other = try self.guest(user: true)
    try other.processor.setArchitecturalState(state)
    #expect(other.core[.pkru] == UInt64(Self.noAccess))
  }

  @Test("B16 translated code obeys a new PKRU at once, for pages that it has just reached")
  func translated() throws {
    // mov ebx, 0x200000; mov ebp, 2; l: mov esi, [rbx]; mov [rbx], esi; mov eax, noWrites of key 0; cmp ebp, 1; jnz n;
    // wrpkru; n: mov edi, [rbx]; mov [rbx], edi; dec ebp; jnz l; hlt
    let code: [UInt8] =
      [0xBB, 0, 0, 0x20, 0, 0xBD, 2, 0, 0, 0] + [0x8B, 0x33, 0x89, 0x33, 0xB8, 8, 0, 0, 0, 0x83, 0xFD, 1, 0x75, 3] + Self.writeKeys
      + [0x8B, 0x3B, 0x89, 0x3B, 0xFF, 0xCD, 0x75, 0xE7, 0xF4]
    for isTranslated in [true, false] {
      let guest = try TranslatedGuest(code)
      // The second 2 MiB have key 1.
      try guest.memory.store(UInt64(0x87) | 1 << 59, at: 0x9_2008)
      let core = guest.processor.core
      (core[.cr0], core[.cr4]) = (core[.cr0] | 1 << 16, core[.cr4] | CR4.pageKeys)
      (core[.rcx], core[.rdx]) = (0, 0)
      core.setSegment(Segment.interrupt, selector: 0, base: 0, limit: 0, attributes: 0)
      // The page fault finds no handler.
      if isTranslated {
        #expect(throws: TripleFault()) { _ = try guest.run() }
      } else {
        #expect(throws: Fault.page(0x20_0000, 0x23)) { _ = try guest.runInterpreted() }
      }
      #expect(core[.rbp] == 1 && core[.rip] == 0x1000 + 29)
    }
  }
}
