import Glibc
import Synchronization
import Testing

@testable import SoftCPU

@Suite("MMX and SSE as the host does them") struct VectorTests {
  static let prefixes: [(UInt8, VectorForms.Prefix)] = [
    (0, .none), (0x66, .operandSize), (0xF3, .repeatZero), (0xF2, .repeatNonzero),
  ]

  /// Registers and memory that make trouble; RBX points to 64 aligned bytes inside the scratch pages.
  static func scene(_ random: inout FixedSequence) -> (OracleState, [UInt8]) {
    var state = OracleState()
    for k in 0..<16 { state.registers[k] = random.word() }
    state.registers[3] = HostOracle.scratch + 128
    state.registers[4] = HostOracle.scratch + 4096
    for k in 0..<32 {
      let word = random.word()
      for b in 0..<8 { state.image[160 + 8 * k + b] = UInt8(truncatingIfNeeded: word >> UInt64(8 * b)) }
    }
    for k in 0..<8 {
      let word = random.word()
      for b in 0..<8 { state.image[32 + 16 * k + b] = UInt8(truncatingIfNeeded: word >> UInt64(8 * b)) }
      state.image[32 + 16 * k + 8] = 0xFF
      state.image[32 + 16 * k + 9] = 0xFF
    }
    for k in 0..<32 {
      let word = HostOracle.hasAVX2 ? random.word() : 0
      for b in 0..<8 { state.upper[8 * k + b] = UInt8(truncatingIfNeeded: word >> UInt64(8 * b)) }
    }
    state.image[3] = UInt8(random.next() % 8) << 3
    state.image[4] = 0xFF
    var memory: [UInt8] = []
    for _ in 0..<40 {
      let word = random.word()
      for b in 0..<8 { memory.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * b))) }
    }
    return (state, memory)
  }

  /// What must agree: registers, flags, MMX and XMM, MXCSR, and the x87 words but for the last pointers.
  static func visible(_ state: OracleState) -> OracleState {
    var state = state
    for k in 5..<24 { state.image[k] = 0 }
    for k in 28..<32 { state.image[k] = 0 }
    for k in 416..<512 { state.image[k] = 0 }
    return state
  }

  static func compare(
    _ code: VectorCode, _ machine: VectorMachine, _ random: inout FixedSequence, change: ((inout OracleState) -> Void)? = nil
  ) {
    var (start, memory) = Self.scene(&random)
    if let change {
      change(&start)
      // It may be anywhere in the scratch pages.
      memory = (0..<HostOracle.scratchSize).map { memory[$0 % memory.count] }
    }
    var (host, guest) = (start, start)
    var (hostMemory, guestMemory) = (memory, memory)
    let signal = HostOracle.shared.withLock { $0.run(code.bytes, &host, &hostMemory) }
    let fault = machine.run(code, &guest, &guestMemory)
    #expect((signal != nil) == (fault != nil), "\(code)")
    if Self.approximates(code) { Self.bringTogether(&host, guest) }
    let same = Self.visible(host) == Self.visible(guest) && hostMemory == guestMemory
    #expect(same, "\(code) \(Self.difference(host, guest))")
  }

  private static func approximates(_ code: VectorCode) -> Bool { code.map == 1 && (code.opcode == 0x52 || code.opcode == 0x53) }

  /// Replaces the host's approximations by the guest's where these are as good.
  private static func bringTogether(_ host: inout OracleState, _ guest: OracleState) {
    func word(_ bytes: [UInt8], _ place: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) } }
    for place in stride(from: 160, to: 416, by: 4) where MakerDifferences.areNear(word(host.image, place), word(guest.image, place)) {
      host.image.replaceSubrange(place..<place + 4, with: guest.image[place..<place + 4])
    }
    for place in stride(from: 0, to: 256, by: 4) where MakerDifferences.areNear(word(host.upper, place), word(guest.upper, place)) {
      host.upper.replaceSubrange(place..<place + 4, with: guest.upper[place..<place + 4])
    }
  }

  static func difference(_ host: OracleState, _ guest: OracleState) -> String {
    var text = ""
    for k in 0..<16 where host.registers[k] != guest.registers[k] {
      text += "r\(k) \(String(host.registers[k], radix: 16)) \(String(guest.registers[k], radix: 16)) "
    }
    if host.flags != guest.flags {
      text += "flags \(String(host.flags, radix: 16)) \(String(guest.flags, radix: 16)) "
    }
    let (a, b) = (visible(host).image, visible(guest).image)
    for k in 0..<512 where a[k] != b[k] { text += "[\(k)] \(a[k]) \(b[k]) " }
    for k in 0..<256 where host.upper[k] != guest.upper[k] { text += "upper \(k) \(host.upper[k]) \(guest.upper[k]) " }
    return text
  }

  @Test("every form of every instruction leaves what the host leaves", arguments: [UInt8(1), 2, 3])
  func everyForm(map: UInt8) throws {
    let machine = try VectorMachine()
    var random = FixedSequence(UInt64(map))
    for (byte, prefix) in Self.prefixes {
      for opcode in UInt8(0)...255 {
        let form = VectorForms.all[.legacy, map, prefix, opcode]
        guard form.exists else { continue }
        for round in 0..<24 {
          let general = form.reg == .general || form.rm == .general
          var code = VectorCode(
            prefix: byte, map: map, opcode: opcode, wide: random.next() % 3 == 0,
            reg: UInt8(random.next() % 16), rm: UInt8(random.next() % 16), memory: round % 2 == 0)
          if code.memory ? form.traits.contains(.registerOnly) : form.traits.contains(.memoryOnly) { continue }
          // A general destination must leave the operand's base and the stack alone.
          if general { (code.reg, code.rm) = (code.reg & 7 | 8, code.rm & 7 | 8) }
          if form.reg == .mmx { code.reg &= 7 }
          if form.rm == .mmx { code.rm &= 7 }
          if form.traits.contains(.extended) { code.reg = [2, 4, 6][round % 3] }
          if form.traits.contains(.extended) && opcode == 0x73 { code.reg = round % 4 < 2 ? 2 : 6 }
          if form.traits.contains(.immediate) {
            code.immediate = UInt8(truncatingIfNeeded: random.next()) >> (round % 4 < 2 ? 0 : 4)
          }
          Self.compare(code, machine, &random)
        }
      }
    }
  }

  @Test("every form accesses as many bytes of memory as the host does")
  func extent() throws {
    let machine = try VectorMachine()
    var random = FixedSequence(5)
    for map in UInt8(1)...3 {
      for (byte, prefix) in Self.prefixes {
        for opcode in UInt8(0)...255 {
          let form = VectorForms.all[.legacy, map, prefix, opcode]
          guard form.exists, !form.traits.contains(.registerOnly), form.size > 0 else { continue }
          for wide in [false, true] {
            let size = wide && form.traits.contains(.wideMemory) ? 8 : Int(form.size)
            for beyond in 0...1 {
              // Not aligned it would be a fault for another reason.
              if beyond == 1 && size == 16 && !form.traits.contains(.unaligned) { continue }
              let code = VectorCode(
                prefix: byte, map: map, opcode: opcode, wide: wide, reg: 1, rm: 0, memory: true,
                immediate: form.traits.contains(.immediate) ? 1 : nil)
              var (host, _) = Self.scene(&random)
              var memory = [UInt8](repeating: 0x3F, count: HostOracle.scratchSize)
              host.registers[3] = HostOracle.scratch + UInt64(HostOracle.scratchSize - size + beyond)
              var guest = host
              let signal = HostOracle.shared.withLock { $0.run(code.bytes, &host, &memory) }
              let fault = machine.run(code, &guest, &memory)
              #expect((signal != nil) == (beyond == 1) && (fault != nil) == (beyond == 1), "\(code) \(size)")
            }
          }
        }
      }
    }
  }

  @Test("an unaligned operand of a legacy instruction is a protection fault")
  func alignment() throws {
    let machine = try VectorMachine()
    var random = FixedSequence(7)
    for opcode: UInt8 in [0x28, 0x29, 0x54, 0x58] {
      var (state, memory) = Self.scene(&random)
      state.registers[3] += 1
      let before = state.image
      let code = VectorCode(opcode: opcode, reg: 1, rm: 0, memory: true)
      #expect(machine.run(code, &state, &memory) == .protection)
      #expect(state.image == before)
    }
  }

  @Test("an unmasked division by zero is a SIMD exception that leaves the destination alone")
  func divisionByZero() throws {
    let machine = try VectorMachine()
    var state = OracleState()
    var memory = [UInt8](repeating: 0, count: 256)
    state.image[25] = 0x1D  // ZM clear
    for k in 0..<16 { state.image[160 + k] = 0x3F }
    let before = state.image
    let code = VectorCode(prefix: 0xF2, opcode: 0x5E, reg: 0, rm: 1)
    #expect(machine.run(code, &state, &memory) == .simd)
    #expect(state.image[24] == 0x84)
    #expect(Array(state.image[160..<176]) == Array(before[160..<176]))
  }

  @Test("without OSFXSR SSE does not exist, and after a task switch it asks for its state")
  func disabled() throws {
    let machine = try VectorMachine()
    var (state, memory) = (OracleState(), [UInt8](repeating: 0, count: 256))
    let code = VectorCode(opcode: 0x58, reg: 0, rm: 1)
    machine.core[.cr0] |= 8
    #expect(machine.run(code, &state, &memory) == .noCoprocessor)
    machine.core[.cr4] = 0x20
    #expect(machine.run(code, &state, &memory) == .undefined)
  }

  @Test("no encoding at all crashes the machine")
  func anything() throws {
    let machine = try VectorMachine()
    var random = FixedSequence(99)
    for _ in 0..<12_000 {
      var (state, memory) = (OracleState(), [UInt8](repeating: 0x5A, count: 1024))
      state.registers[3] = HostOracle.scratch + 128
      let map = UInt8(random.next() % 4)
      let opcode = UInt8(truncatingIfNeeded: random.next())
      let code = VectorCode(
        prefix: [0, 0x66, 0xF3, 0xF2][Int(random.next() % 4)], map: map,
        opcode: map == 0 ? opcode & 7 | 0xD8 : opcode, wide: random.next() % 2 == 0,
        reg: UInt8(random.next() % 16), rm: UInt8(random.next() % 16), memory: random.next() % 2 == 0,
        immediate: UInt8(truncatingIfNeeded: random.next()), length: map != 0 && random.next() % 2 == 0 ? UInt8(random.next() % 2) : nil,
        vvvv: random.next() % 2 == 0 ? 0 : UInt8(random.next() % 16))
      _ = machine.run(code, &state, &memory)
    }
  }
}
