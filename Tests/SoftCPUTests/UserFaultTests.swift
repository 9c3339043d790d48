import Synchronization
import Testing

@testable import SoftCPU

/// What applications meet at the edges, as this host's own processor has it.
@Suite("faults and traps of applications", .serialized) struct UserFaultTests {
  private static let beyond: UInt64 = 0x8000_0000_0000
  private static let data = HostOracle.scratch

  /// Compares code with registers by number; the stack pointer is in the scratch pages unless they say otherwise.
  private func compare(
    _ code: [UInt8], in mode: CodeMode = .long, flags: UInt64 = 0, memory: [Int: UInt64] = [:], _ registers: [Int: UInt64]
  ) throws -> String? {
    var test = InstructionCase()
    test.code = code
    test.prefixes = Set(code.prefix(1))
    test.state.registers[4] = mode.dataOffset + 4096
    for (number, value) in registers { test.state.registers[number] = value }
    test.state.flags = flags
    test.memory = [UInt8](repeating: 0, count: HostOracle.scratchSize)
    for (place, value) in memory { for k in 0..<8 { test.memory[place + k] = UInt8(truncatingIfNeeded: value >> UInt64(8 * k)) } }
    return try HostOracle.shared.withLock { try HostComparison(mode, $0).difference(test) }
  }

  @Test("B6 an address that is not canonical is #SS by RSP or RBP, and else #GP")
  func nonCanonical() throws {
    let codes: [[UInt8]] = [
      // mov eax, [rax]; [rbp]; [rax + rsp]; [rax + rbp] by both encodings; movups xmm0, [rbp]; fld qword [rbp]
      [0x8B, 0x00], [0x8B, 0x45, 0], [0x8B, 0x04, 0x04], [0x8B, 0x04, 0x28], [0x8B, 0x44, 0x05, 0], [0x0F, 0x10, 0x45, 0], [0xDD, 0x45, 0],
      // the same with a segment's prefix: ss, ds, fs
      [0x36, 0x8B, 0x00], [0x3E, 0x8B, 0x45, 0], [0x64, 0x8B, 0x45, 0],
      // add [rbp], eax; lock inc qword [rbp]; bt [rbp], eax; lodsd; stosd; xlat
      [0x01, 0x45, 0], [0xF0, 0x48, 0xFF, 0x45, 0], [0x0F, 0xA3, 0x45, 0], [0xAD], [0xAB], [0xD7],
    ]
    for code in codes {
      for address in [Self.beyond, Self.beyond - 1, ~Self.beyond, .max << 63] {
        // Only the first register of an address is out of reach.
        let registers = code.contains(0x04) ? [0: address, 4: Self.data] : [0: address, 3: address, 5: address, 6: address, 7: address]
        #expect(try compare(code, registers) == nil, "\(code) \(address)")
      }
    }
  }

  @Test("B6 what a stack instruction does not reach is #SS, but for its operand")
  func nonCanonicalStack() throws {
    // push rax; pop rax; push [rax]; pop [rax]; call +0; ret; leave; enter 0, 0; pushf; popf
    let codes: [[UInt8]] = [
      [0x50], [0x58], [0xFF, 0x30], [0x8F, 0x00], [0xE8, 0, 0, 0, 0], [0xC3], [0xC9], [0xC8, 0, 0, 0], [0x9C], [0x9D],
    ]
    for code in codes {
      for (operand, stack) in [(Self.data, Self.beyond), (Self.beyond, Self.data + 64), (Self.beyond + 64, Self.beyond)] {
        #expect(try compare(code, [0: operand, 4: stack, 5: stack]) == nil, "\(code) \(operand) \(stack)")
      }
    }
  }

  @Test("MOVSXD to 16 bits reads 32 of memory, as the host does", .enabled(if: MakerDifferences.isOurMaker, "Intel's processors read 16"))
  func shortSignExtension() throws {
    let end = HostOracle.scratch + UInt64(HostOracle.scratchSize)
    for distance in UInt64(1)...5 { #expect(try compare([0x66, 0x63, 0x00], [0: end - distance]) == nil) }
  }

  @Test("B6 an access over the end of a flat segment is #GP, or #SS by ESP or EBP", .enabled(if: MakerDifferences.isOurMaker, "Intel's manual leaves it open"))
  func segmentEnd() throws {
    // mov eax, [ebx]; mov eax, ss:[ebx]; mov [ebx], eax; mov eax, [ebp]; mov eax, ds:[ebp]; add [esp], eax; push eax; pop eax; movups xmm0, [ebx]; fld qword [ebx]; lodsd; movsd
    let codes: [[UInt8]] = [
      [0x8B, 0x03], [0x36, 0x8B, 0x03], [0x89, 0x03], [0x8B, 0x45, 0], [0x3E, 0x8B, 0x45, 0], [0x01, 0x04, 0x24], [0x50], [0x58], [0x0F, 0x10, 0x03], [0xDD, 0x03], [0xAD], [0xA5],
    ]
    for code in codes {
      for address in [0xFFFF_FFFE, 0xFFFF_FFFF, 2 as UInt64] {
        for flags in [0, Flags.ac] {
          let registers = [3: address, 4: address, 5: address, 6: address, 7: Self.data]
          #expect(try compare(code, in: .flat32, flags: flags, registers) == nil, "\(code) \(address)")
        }
      }
    }
  }

  @Test("B6 an access over the edge of what is canonical is no page fault")
  func straddling() throws {
    for distance in UInt64(1)...8 {
      #expect(try compare([0x48, 0x8B, 0x00], [0: Self.beyond - distance]) == nil)
      #expect(try compare([0x48, 0x89, 0x45, 0], [5: Self.beyond - distance]) == nil)
      #expect(try compare([0x48, 0x8B, 0x00], [0: 0 &- distance]) == nil)
    }
  }

  @Test("B6 a near branch to where no code can be faults itself, with its stack as it was", arguments: [CodeMode.long, .small16])
  func branches(mode: CodeMode) throws {
    let target = mode == .long ? Self.beyond : 0x1_0000
    // jmp rax, call rax, ret, ret 8; in 16-bit code by operands of 32 bits
    let codes: [[UInt8]] = [[0xFF, 0xE0], [0xFF, 0xD0], [0xC3], [0xC2, 8, 0]]
    for code in codes {
      #expect(try compare((mode == .long ? [] : [0x66]) + code, in: mode, memory: [2048: target], [0: target, 4: mode.dataOffset + 2048]) == nil, "\(code)")
    }
    // jmp, jz and loop with displacements of 32 bits out of 16-bit code's segment
    guard mode == .small16 else { return }
    for code: [UInt8] in [[0x66, 0xE9, 0, 0, 1, 0], [0x66, 0x0F, 0x84, 0, 0, 1, 0], [0x66, 0xE8, 0, 0, 1, 0]] {
      #expect(try compare(code, in: mode, flags: Flags.zf, [1: 5]) == nil, "\(code)")
    }
  }

  @Test("B11 TF traps after each element of a repeated string instruction")
  func tracedStrings() throws {
    // pushf; or dword [rsp], TF; popf
    let traced: [UInt8] = [0x9C, 0x81, 0x0C, 0x24, 0, 1, 0, 0, 0x9D]
    for opcode: UInt8 in [0xA4, 0xA5, 0xA6, 0xAA, 0xAC, 0xAE] {
      for repetition: UInt8 in [0xF3, 0xF2] {
        for count in UInt64(0)...3 {
          #expect(try compare(traced + [repetition, opcode], [0: 1, 1: count, 6: Self.data, 7: Self.data + 256]) == nil, "\(opcode) \(count)")
        }
      }
    }
  }

  @Test("B12 with AC set, what is not aligned is #AC")
  func alignment() throws {
    // mov ax, [rbx]; mov eax, [rbx]; mov rax, [rbx]; mov [rbx], eax; lock add [rbx], eax; cmpxchg8b [rbx]; movsd; push [rbx]; fld dword [rbx]
    let codes: [[UInt8]] = [
      [0x66, 0x8B, 0x03], [0x8B, 0x03], [0x48, 0x8B, 0x03], [0x89, 0x03], [0xF0, 0x01, 0x03], [0x0F, 0xC7, 0x0B], [0xA5], [0xFF, 0x33], [0xD9, 0x03],
    ]
    for code in codes {
      for offset in UInt64(0)..<8 {
        #expect(try compare(code, flags: Flags.ac, [3: Self.data + offset, 6: Self.data + offset, 7: Self.data + 64]) == nil, "\(code) \(offset)")
        #expect(try compare(code, [3: Self.data + offset, 6: Self.data + offset, 7: Self.data + 64]) == nil, "\(code) \(offset)")
      }
    }
    for offset in UInt64(0)..<8 { #expect(try compare([0x50], flags: Flags.ac, [4: Self.data + 64 + offset]) == nil) }
  }

  @Test("B12 vectors are aligned to 16 bytes, and x87's numbers of 80 bits to 8", .enabled(if: MakerDifferences.isOurMaker, "Intel's manual leaves it open"))
  func vectorAlignment() throws {
    // movups xmm0, [rbx]; movups [rbx], xmm0; movq xmm0, [rbx]; fld tbyte [rbx]; fnstenv [rbx]; fnsave [rbx]
    let codes: [[UInt8]] = [[0x0F, 0x10, 0x03], [0x0F, 0x11, 0x03], [0xF3, 0x0F, 0x7E, 0x03], [0xDB, 0x2B], [0xD9, 0x33], [0xDD, 0x33]]
    for code in codes {
      for offset in [0, 1, 2, 4, 8, 12] as [UInt64] {
        let difference = try compare(code, flags: Flags.ac, [3: Self.data + offset])
        // The environments of x87 have pointers of their own.
        #expect(difference == nil || code[0] & 0xFB == 0xD9 && difference?.hasPrefix("memory") == true, "\(code) \(offset)")
      }
    }
  }
}
