import GuestRAM
import Primitives
import Testing

@testable import SoftCPU

@Suite("A0 where makers differ, the processor is the one that CPUID tells") struct MakerTests {
  private typealias Place = SystemGuest.Place

  private func guest() throws -> SystemGuest {
    let guest = try SystemGuest(.long)
    try guest.map(0x2000, 0x2000, 3)
    return guest
  }

  @Test("CPUID tells AMD, and that x87's pointers are saved and null selectors clear the base")
  func identity() throws {
    let guest = try guest()
    func identify(_ leaf: UInt64) -> [UInt64] {
      (guest.core[.rax], guest.core[.rcx]) = (leaf, 0)
      guest.core.cpuid()
      return [guest.core[.rax], guest.core[.rbx], guest.core[.rcx], guest.core[.rdx]]
    }
    #expect(identify(0)[1...] == [0x6874_7541, 0x444D_4163, 0x6974_6E65])
    #expect(identify(0x8000_0008)[1] & 4 != 0)
    #expect(identify(0x8000_0021)[0] & 0x40 != 0)
  }

  @Test("a near branch of 16 bits keeps 16 bits of its target, and uses 2 bytes of the stack")
  func nearBranches() throws {
    // jmp +0, jmp rax, jz +0, loop +0, jrcxz +0, call +0, call rax, ret
    let codes: [(bytes: [UInt8], stack: Int64)] = [
      ([0x66, 0xE9, 0, 0], 0), ([0x66, 0xFF, 0xE0], 0), ([0x66, 0x0F, 0x84, 0, 0], 0), ([0x66, 0xE2, 0], 0), ([0x66, 0xE3, 0], 0),
      ([0x66, 0xE8, 0, 0], -2), ([0x66, 0xFF, 0xD0], -2), ([0x66, 0xC3], 2), ([0x66, 0xC2, 4, 0], 6),
    ]
    for (bytes, stack) in codes {
      let guest = try guest()
      // Code at 11000 leads to 1000 and its HLT.
      try guest.map(0x1_1000, 0x2000, 3)
      try guest.memory.write(bytes, at: 0x2000)
      let target = bytes[1] == 0xFF || bytes[1] & 0xFE == 0xC2 ? Place.code : Place.code + UInt64(bytes.count)
      try guest.memory.write([0xF4], at: GuestAddress(target))
      try guest.store(Place.code, Place.stack)
      guest.core[.rax] = 0x1_0000 | Place.code
      guest.core[.rcx] = bytes[1] == 0xE2 ? 2 : 0
      guest.core.arithmeticFlags = Flags.zf
      guest.core[.rip] = 0x1_1000
      #expect(try guest.go() == nil)
      #expect(guest.core[.rip] == target + 1, "\(bytes)")
      #expect(guest.core[.rsp] == Place.stack &+ UInt64(bitPattern: stack), "\(bytes)")
    }
  }

  @Test("with REX.W it is one of 64 bits, whatever the other prefix")
  func wideBranch() throws {
    let guest = try guest()
    // call +1; hlt; hlt
    #expect(try guest.run([0x66, 0x48, 0xE8, 1, 0, 0, 0, 0xF4, 0xF4]) == nil)
    #expect(guest.core[.rip] == Place.code + 9)
    #expect(guest.core[.rsp] == Place.stack - 8)
  }

  @Test("0F 0D prefetches from memory only")
  func prefetch() throws {
    #expect(try guest().run([0x0F, 0x0D, 0x08, 0xF4]) == nil)
    #expect(try guest().run([0x0F, 0x0D, 0xC8, 0xF4]) == 6)
  }

  @Test("F3 90 with REX.B exchanges R8 and RAX")
  func exchange() throws {
    let guest = try guest()
    (guest.core[.rax], guest.core[.r8]) = (1, 2)
    #expect(try guest.run([0xF3, 0x49, 0x90, 0xF4]) == nil)
    #expect(guest.core[.rax] == 2 && guest.core[.r8] == 1)
  }

  @Test("a repeat prefix says what LOOPE and LOOPNE wait for", arguments: [UInt8(0xE0), 0xE1])
  func loops(opcode: UInt8) throws {
    for (prefix, zero, isTaken) in [(0xF3, true, true), (0xF3, false, false), (0xF2, true, false), (0xF2, false, true)] as [(UInt8, Bool, Bool)] {
      let guest = try guest()
      guest.core[.rcx] = 5
      guest.core.arithmeticFlags = zero ? Flags.zf : 0
      #expect(try guest.run([prefix, opcode, 1, 0xF4, 0xF4]) == nil)
      #expect(guest.core[.rip] == Place.code + (isTaken ? 5 : 4))
    }
  }

  @Test("REP with 32-bit addresses and nothing to do changes no register")
  func repeatedNothing() throws {
    for opcode: UInt8 in [0xA4, 0xA6, 0xAA, 0xAC, 0xAE] {
      let guest = try guest()
      let values: [UInt64] = [0x1_0000_0000, 0x2_0000_2000, 0x3_0000_2100]
      (guest.core[.rcx], guest.core[.rsi], guest.core[.rdi]) = (values[0], values[1], values[2])
      #expect(try guest.run([0xF3, 0x67, opcode, 0xF4]) == nil)
      #expect([guest.core[.rcx], guest.core[.rsi], guest.core[.rdi]] == values)
    }
  }

  @Test("a fault within REP CMPS and SCAS leaves the flags of the last comparison")
  func faultingComparison() throws {
    for code: [UInt8] in [[0xF3, 0xA6], [0xF3, 0xAE]] {
      let guest = try guest()
      try guest.memory.write([7, 7], at: 0xFFFE)
      try guest.memory.write([7, 7, 7], at: 0x2000)
      (guest.core[.rcx], guest.core[.rsi], guest.core[.rdi], guest.core[.rax]) = (3, 0x2000, 0xFFFE, 7)
      guest.core.arithmeticFlags = Flags.cf
      #expect(try guest.run(code) == 14)
      #expect(guest.core[.rcx] == 1)
      #expect(try guest.frame(3) & Flags.arithmetic == Flags.zf | Flags.pf)
    }
  }

  @Test("RCP and RSQRT are exact quotients, and treat denormals as zero")
  func reciprocals() throws {
    let machine = try VectorMachine()
    func run(_ code: VectorCode, _ operand: Float) -> Float {
      var (state, memory) = (OracleState(), [UInt8](repeating: 0, count: 256))
      for k in 0..<4 { state.image[176 + k] = UInt8(truncatingIfNeeded: operand.bitPattern >> UInt32(8 * k)) }
      // Rounding down, to be ignored.
      state.image[25] = 0x3F
      #expect(machine.run(code, &state, &memory) == nil)
      #expect(state.image[24...25] == [0x80, 0x3F])
      return Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(state.image[160 + $1]) << UInt32(8 * $1) })
    }
    for prefix: UInt8 in [0, 0xF3] {
      for length in HostOracle.hasAVX2 ? [nil, 0] : [UInt8?.none] {
        let reciprocal = VectorCode(prefix: prefix, opcode: 0x53, reg: 0, rm: 1, length: length)
        let root = VectorCode(prefix: prefix, opcode: 0x52, reg: 0, rm: 1, length: length)
        #expect(run(reciprocal, 3) == 1 / Float(3))
        #expect(run(root, 3) == 1 / Float(3).squareRoot())
        #expect(run(reciprocal, -.leastNonzeroMagnitude) == -.infinity && run(root, -.leastNonzeroMagnitude) == -.infinity)
        #expect(run(reciprocal, .greatestFiniteMagnitude) == 0 && run(root, -1).isNaN)
      }
    }
  }
}
