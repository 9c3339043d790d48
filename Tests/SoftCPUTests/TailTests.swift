import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

/// A guest that interprets: bytes at 0x5000 say what to do next, and all that can be done jumps back to the choice.
@Suite struct TailTests {
  private let guest: TranslatedGuest
  private static let rounds: UInt64 = 500

  init() throws {
    // mov ecx, 500; mov esi, 0x5000; jmp 0x2000
    guest = try TranslatedGuest([0xB9, 0xF4, 1, 0, 0, 0xBE, 0, 0x50, 0, 0, 0xE9, 0xF1, 0x0F, 0, 0], .hot)
    let code: [(UInt64, [UInt8])] = [
      // movzx eax, byte [rsi]; lea rsi, [rsi + 1]; jmp [rax * 8 + 0x4000]
      (0x2000, [0x0F, 0xB6, 0x06, 0x48, 0x8D, 0x76, 0x01, 0xFF, 0x24, 0xC5, 0, 0x40, 0, 0]),
      // add rbx, 1; jmp 0x2000
      (0x2020, [0x48, 0x83, 0xC3, 1, 0xEB, 0xDA]),
      // add rdi, 3; jmp 0x2000
      (0x2040, [0x48, 0x83, 0xC7, 3, 0xEB, 0xBA]),
      // mov esi, 0x5000; dec ecx; jnz 0x2000; hlt
      (0x2060, [0xBE, 0, 0x50, 0, 0, 0xFF, 0xC9, 0x75, 0x97, 0xF4]),
      (0x5000, [0, 1, 0, 1, 2]),
    ]
    for (address, bytes) in code { try guest.memory.write(bytes, at: GuestAddress(address)) }
    for (number, handler) in [0x2020, 0x2040, 0x2060].enumerated() { try guest.memory.store(UInt64(handler), at: GuestAddress(0x4000 + 8 * UInt64(number))) }
  }

  /// What the block at an address ends with, and how many instructions it has.
  private func end(of rip: UInt64) throws -> (operation: Operation, count: Int) {
    let first = try #require(guest.processor.core.knownBlock(rip))
    var k = 0
    while unsafe first.record[k].operation != .endOfBlock { k += 1 }
    return (unsafe first.record[k - 1].operation, k)
  }

  @Test func each_thing_to_do_gets_a_choice_of_its_own_and_the_sums_are_right() throws {
    _ = try guest.run()
    #expect(guest.processor.core[.rbx] == 2 * Self.rounds && guest.processor.core[.rdi] == 6 * Self.rounds)
    for handler: UInt64 in [0x2020, 0x2040] {
      let end = try end(of: handler)
      #expect(end.operation == .jumpNear && end.count == 5)
    }
  }

  @Test func a_choice_that_is_overwritten_is_made_as_written_everywhere() throws {
    _ = try guest.run()
    // lea rsi, [rsi + 2]
    try guest.memory.write([2], at: 0x2006)
    _ = try guest.run()
    #expect(guest.processor.core[.rbx] == 4 * Self.rounds && guest.processor.core[.rdi] == 6 * Self.rounds)
  }
}
