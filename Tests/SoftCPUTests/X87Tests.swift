import Glibc
import Synchronization
import Testing

@testable import SoftCPU

@Suite("x87 as the host does it") struct X87Tests {
  /// Registers that make trouble: zeros, infinities, NaNs, denormals, unnormals, ordinary numbers, some empty.
  static func scene(_ random: inout FixedSequence) -> (OracleState, [UInt8]) {
    var (state, memory) = VectorTests.scene(&random)
    for k in 0..<8 {
      let exponent: UInt16 =
        switch random.next() % 6 {
        case 0: 0
        case 1: 0x7FFF
        case 2: UInt16(truncatingIfNeeded: random.next())
        default: UInt16(0x3FF8 + random.next() % 24)
        }
      var mantissa = random.word()
      if exponent & 0x7FFF != 0 && random.next() % 8 != 0 { mantissa |= 1 << 63 }
      for b in 0..<8 { state.image[32 + 16 * k + b] = UInt8(truncatingIfNeeded: mantissa >> UInt64(8 * b)) }
      state.image[40 + 16 * k] = UInt8(truncatingIfNeeded: exponent)
      state.image[41 + 16 * k] = UInt8(truncatingIfNeeded: exponent >> 8)
    }
    state.image[1] = [0x03, 0x0F, 0x07, 0x02, 0x00][Int(random.next() % 5)]
    state.image[3] = UInt8(truncatingIfNeeded: random.next()) & 0x7F
    state.image[4] = random.next() % 3 == 0 ? UInt8(truncatingIfNeeded: random.next()) : 0xFF
    return (state, memory)
  }

  private func compare(_ code: VectorCode, _ machine: VectorMachine, _ random: inout FixedSequence, environment: Bool) {
    let (start, memory) = Self.scene(&random)
    var (host, guest) = (start, start)
    var (hostMemory, guestMemory) = (memory, memory)
    let signal = HostOracle.shared.withLock { $0.run(code.bytes, &host, &hostMemory) }
    let fault = machine.run(code, &guest, &guestMemory)
    #expect(signal == nil && fault == nil, "\(code)")
    if environment {
      // The pointers to the last instruction and operand are where they are.
      for k in 128 + 12..<128 + 28 { (hostMemory[k], guestMemory[k]) = (0, 0) }
    }
    let same = VectorTests.visible(host) == VectorTests.visible(guest) && hostMemory == guestMemory
    #expect(same, "\(code) \(start.image[0..<5]) \(VectorTests.difference(host, guest))")
  }

  @Test("every operation with a register leaves what the host leaves")
  func registers() throws {
    let machine = try VectorMachine()
    var random = FixedSequence(87)
    for opcode in UInt8(0xD8)...0xDF {
      for low in UInt8(0)..<64 where X87Form.register(opcode, 0xC0 | low) != nil || opcode == 0xDB && low == 0x23 {
        for _ in 0..<12 {
          let code = VectorCode(map: 0, opcode: opcode, reg: low >> 3, rm: low & 7)
          compare(code, machine, &random, environment: false)
        }
      }
    }
  }

  @Test("every operation with memory leaves what the host leaves")
  func memory() throws {
    let machine = try VectorMachine()
    var random = FixedSequence(88)
    for opcode in UInt8(0xD8)...0xDF {
      for extended in UInt8(0)..<8 where X87Form.memory(opcode, extended) != nil {
        for _ in 0..<24 {
          let code = VectorCode(map: 0, opcode: opcode, reg: extended, rm: 0, memory: true)
          compare(code, machine, &random, environment: false)
        }
      }
    }
  }

  @Test("FNSTENV, FNSAVE, FNSTCW and FNSTSW write what the host writes")
  func environments() throws {
    let machine = try VectorMachine()
    var random = FixedSequence(89)
    for (opcode, extended): (UInt8, UInt8) in [(0xD9, 6), (0xDD, 6), (0xD9, 7), (0xDD, 7)] {
      for _ in 0..<40 {
        let code = VectorCode(map: 0, opcode: opcode, reg: extended, rm: 0, memory: true)
        compare(code, machine, &random, environment: extended == 6)
      }
    }
  }

  @Test("what FNSAVE wrote, FRSTOR brings back")
  func saveAndRestore() throws {
    let machine = try VectorMachine()
    var random = FixedSequence(90)
    var (state, memory) = Self.scene(&random)
    let before = state.image
    #expect(machine.run(VectorCode(map: 0, opcode: 0xDD, reg: 6, rm: 0, memory: true), &state, &memory) == nil)
    #expect(state.image[0..<5] == [0x7F, 3, 0, 0, 0])
    #expect(machine.run(VectorCode(map: 0, opcode: 0xDD, reg: 4, rm: 0, memory: true), &state, &memory) == nil)
    #expect(VectorTests.visible(state).image[0..<5] == before[0..<5])
    #expect(state.image[32..<160] == before[32..<160])
  }

  @Test("an unmasked division by zero waits for the next instruction")
  func pendingException() throws {
    let machine = try VectorMachine()
    var (state, memory) = (OracleState(), [UInt8](repeating: 0, count: 256))
    state.image[0] = 0x7B
    state.image[4] = 0xFF
    state.image[32 + 7] = 0x80
    state.image[32 + 9] = 0x3F
    state.image[32 + 8] = 0xFF
    let before = state.image
    let divide = VectorCode(map: 0, opcode: 0xD8, reg: 6, rm: 1)
    #expect(machine.run(divide, &state, &memory) == nil)
    #expect(state.image[2] == 0x84 && state.image[3] & 0x80 != 0)
    #expect(state.image[32..<48] == before[32..<48])
    #expect(machine.run(divide, &state, &memory) == .x87)
    #expect(machine.run(VectorCode(map: 0, opcode: 0xDB, reg: 4, rm: 2), &state, &memory) == nil)
    #expect(state.image[2] == 0)
  }
}
