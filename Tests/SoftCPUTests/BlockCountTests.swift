import Testing

@testable import SoftCPU

/// How often instructions are executed, by both tiers.
@Suite("What is counted of a kernel's code")
struct BlockCountTests {
  // mov ecx, 5; l: dec ecx; jz out; test ecx, 1; jz l; inc eax; jmp l; out: hlt
  private static let code: [UInt8] = [0xB9, 5, 0, 0, 0, 0xFF, 0xC9, 0x74, 0x0C, 0xF7, 0xC1, 1, 0, 0, 0, 0x74, 0xF4, 0xFF, 0xC0, 0xEB, 0xF0, 0xF4]

  private func counts(_ guest: TranslatedGuest) -> [UInt64: UInt64] {
    var counts: [UInt64: UInt64] = [:]
    guest.processor.counts?.add(to: &counts)
    return counts
  }

  private let expected: [UInt64: UInt64] = [0x1000: 1, 0x1005: 5, 0x1007: 5, 0x1009: 4, 0x100F: 4, 0x1011: 2, 0x1013: 2, 0x1015: 1]

  @Test("each instruction has been executed as often as it says, by the interpreter and by code of the host, and what is computed stays the same")
  func exactly() throws {
    let interpreted = try TranslatedGuest(Self.code, .never, countsCode: true)
    #expect(try interpreted.runInterpreted() == 2 && counts(interpreted) == expected)
    for policy in [TranslationPolicy.always, .hot] {
      let guest = try TranslatedGuest(Self.code, policy, countsCode: true)
      for _ in 0..<20 {
        guest.processor.core[.rax] = 0
        #expect(try guest.run() == 2)
      }
      #expect(counts(guest) == expected.mapValues { 20 * $0 })
    }
  }

  @Test("code of the host keeps the flags over a count")
  func flags() throws {
    // cmp eax, eax; jmp l; l: sete al; hlt
    let guest = try TranslatedGuest([0x39, 0xC0, 0xEB, 0, 0x0F, 0x94, 0xC0, 0xF4], countsCode: true)
    for _ in 0..<3 { #expect(try guest.run() & 0xFF == 1) }
  }

  @Test("nothing is counted where nobody asked, and nothing of programs")
  func nobody() throws {
    let guest = try TranslatedGuest(Self.code)
    #expect(try guest.run() == 2 && counts(guest).isEmpty)
    #expect(BlockCounts()?.counter(at: 0x1000, isKernel: false) == nil)
  }
}
