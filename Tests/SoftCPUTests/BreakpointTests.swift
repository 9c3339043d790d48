import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

@Suite("the guest's own breakpoints") struct BreakpointTests {
  private typealias Place = SystemGuest.Place
  private static let data: UInt64 = 0x2000

  /// A guest whose DR0 waits at an address; `settings` are its four bits in DR7: kind, and length.
  private func guest(_ address: UInt64, _ settings: UInt64, mode: SystemGuest.Mode = .long) throws -> SystemGuest {
    let guest = try SystemGuest(mode)
    guest.core[.dr0] = address
    guest.core[.dr7] = 0x401 | settings << 16
    guest.core.watchBreakpoints()
    guest.core[.rbx] = Self.data
    return guest
  }

  @Test("one for execution is met before its instruction, until that is resumed", arguments: SystemGuest.Mode.allCases)
  func execution(mode: SystemGuest.Mode) throws {
    let guest = try self.guest(Place.code + 1, 0, mode: mode)
    #expect(try guest.run([0x90, 0x90, 0xF4]) == 1)
    #expect(try guest.frame(0) == Place.code + 1)
    #expect(try guest.frame(2) & Flags.rf == 0)
    #expect(guest.core[.dr6] & 0xF == 1)
    guest.core[.rip] = Place.code + 1
    guest.core[.systemFlags] |= Flags.rf
    #expect(try guest.go() == nil)
    #expect(guest.core[.rip] == Place.code + 3)
    #expect(guest.core[.systemFlags] & Flags.rf == 0)
  }

  @Test("one for writes is met after the write, and not by reads")
  func writes() throws {
    let guest = try self.guest(Self.data + 4, 0b1101)
    // mov eax, [rbx+4]; mov [rbx], eax; mov [rbx+7], al; nop
    #expect(try guest.run([0x8B, 0x43, 4, 0x89, 0x03, 0x88, 0x43, 7, 0x90, 0xF4]) == 1)
    #expect(try guest.frame(0) == Place.code + 8)
    #expect(guest.core[.dr6] & 0xF == 1)
  }

  @Test("one for any access is met by reads, also of parts and over its edge")
  func accesses() throws {
    for (code, length) in [([0x8A, 0x43, 7], 3), ([0x48, 0x8B, 0x43, 0xFD], 4), ([0x48, 0x8B, 0x03], 3)] as [([UInt8], UInt64)] {
      let guest = try self.guest(Self.data + 4, 0b1111)
      #expect(try guest.run(code + [0x90, 0xF4]) == 1, "\(code)")
      #expect(try guest.frame(0) == Place.code + length)
    }
    let guest = try self.guest(Self.data + 4, 0b1111)
    #expect(try guest.run([0x8B, 0x03, 0x8B, 0x43, 8, 0xF4]) == nil)
  }

  @Test("a repeated string instruction stops after the element that is watched")
  func strings() throws {
    let guest = try self.guest(Self.data + 3, 0b0001)
    (guest.core[.rdi], guest.core[.rcx]) = (Self.data, 8)
    // rep stosb
    #expect(try guest.run([0xF3, 0xAA, 0xF4]) == 1)
    #expect(try guest.frame(0) == Place.code)
    #expect(guest.core[.rcx] == 4)
    guest.core[.rip] = Place.code
    #expect(try guest.go() == nil)
    #expect(guest.core[.rcx] == 0)
  }

  @Test("an access that faults meets no breakpoint")
  func faulting() throws {
    let guest = try self.guest(Self.data, 0b1111)
    try guest.setGate(14, 0x8E01)
    guest.core[.rsp] = 0x40_0000
    // push [rbx], to a stack that is not there
    #expect(try guest.run([0xFF, 0x33]) == 14)
    #expect(guest.core[.dr6] & 0xF == 0)
  }

  @Test("a single step over a watched access tells both reasons")
  func singleStep() throws {
    let guest = try self.guest(Self.data, 0b1111)
    // push 0x102; popfq; mov eax, [rbx]
    #expect(try guest.run([0x68, 2, 1, 0, 0, 0x9D, 0x8B, 0x03, 0xF4]) == 1)
    #expect(try guest.frame(0) == Place.code + 8)
    #expect(guest.core[.dr6] & 0x400F == 0x4001)
  }

  @Test("DR7.GD guards the debug registers, once")
  func guarded() throws {
    let guest = try SystemGuest(.long)
    // mov dr7, rax; mov dr0, rcx
    guest.core[.rax] = 0x2400
    let code: [UInt8] = [0x0F, 0x23, 0xF8, 0x0F, 0x23, 0xC1, 0xF4]
    #expect(try guest.run(code) == 1)
    #expect(try guest.frame(0) == Place.code + 3)
    #expect(guest.core[.dr6] & 0x2000 != 0)
    #expect(guest.core[.dr7] & 0x2000 == 0)
  }

  @Test("the guest sets a breakpoint by MOV, and takes it back")
  func byItself() throws {
    let guest = try SystemGuest(.long)
    (guest.core[.rax], guest.core[.rcx], guest.core[.rbx]) = (0xD_0401, Self.data, Self.data)
    // mov dr0, rcx; mov dr7, rax; mov [rbx], eax
    let code: [UInt8] = [0x0F, 0x23, 0xC1, 0x0F, 0x23, 0xF8, 0x89, 0x03, 0xF4]
    #expect(try guest.run(code) == 1)
    #expect(try guest.frame(0) == Place.code + 8)
    #expect(guest.core[.watching] != 0)
    guest.core[.rax] = 0x400
    #expect(try guest.run(code) == nil)
    #expect(guest.core[.watching] == 0)
  }
}
