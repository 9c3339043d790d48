import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

/// Code that was run a few times becomes code of the host, whatever else the guest runs.
@Suite struct YoungBlockTests {
  // mov ecx, 2000; l: call 0x2000; call f; dec ecx; jnz l; hlt. At 0x2000: add eax, 1; ret
  private static func guest(callingAlso f: UInt32) throws -> TranslatedGuest {
    let distance = (0..<4).map { UInt8(truncatingIfNeeded: (f &- 0x100F) >> (8 * $0)) }
    let guest = try TranslatedGuest([0xB9, 0xD0, 7, 0, 0, 0xE8, 0xF6, 0x0F, 0, 0, 0xE8] + distance + [0xFF, 0xC9, 0x75, 0xF2, 0xF4], .hot)
    try guest.memory.write([0x83, 0xC0, 1, 0xC3], at: 0x2000)
    return guest
  }

  @Test func two_functions_that_call_each_other_out_of_a_slot_both_become_code_of_the_host() throws {
    // Addresses that differ in their slot's bits by what is folded into them.
    let guest = try Self.guest(callingAlso: 0x1_2002)
    // add ebx, 1; ret
    try guest.memory.write([0x83, 0xC3, 1, 0xC3], at: 0x1_2002)
    #expect(try guest.run() == 2000)
    #expect(guest.processor.core[.rbx] == 2000)
    // Both functions, what follows the calls, and the loop.
    let tally = guest.processor.translator.tally
    #expect(tally.blocks >= 4)
    #expect(tally.entries < 200, "the interpreter goes on with one of them")
  }
}
