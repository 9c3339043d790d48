import Synchronization
import Testing

@testable import SoftCPU

@Suite("AVX, AVX2, FMA and F16C as the host does them", .enabled(if: HostOracle.hasAVX2, "the host has no AVX2"))
struct AdvancedVectorTests {
  private let machine: VectorMachine

  init() throws { machine = try VectorMachine() }

  @Test("every form of every instruction leaves what the host leaves", arguments: [UInt8(1), 2, 3], [UInt8(0), 1])
  func everyForm(map: UInt8, length: UInt8) {
    var random = FixedSequence(UInt64(map))
    for (byte, prefix) in VectorTests.prefixes {
      for opcode in UInt8(0)...255 {
        let form = VectorForms.all[length == 0 ? .short : .long, map, prefix, opcode]
        guard form.exists else { continue }
        let traits = form.traits
        for round in 0..<16 {
          var code = VectorCode(
            prefix: byte, map: map, opcode: opcode, wide: random.next() % 2 == 0, reg: UInt8(random.next() % 16),
            rm: UInt8(random.next() % 16), memory: round % 2 == 0, length: length)
          // With prefixes that must be so or so, most often as they must be.
          if round % 8 != 0 {
            if traits.contains(.narrow) { code.wide = false }
            if traits.contains(.widened) { code.wide = true }
            if traits.contains(.registerOnly) { code.memory = false }
            if traits.contains(.memoryOnly) { code.memory = true }
          }
          let takesSource = traits.contains(.source) || traits.contains(.target) || traits.contains(.merges) && !code.memory
          if takesSource || round % 8 == 0 { code.vvvv = UInt8(random.next() % 16) }
          // A general destination must leave the operand's base and the stack alone.
          if form.reg == .general || form.rm == .general { (code.reg, code.rm) = (code.reg & 7 | 8, code.rm & 7 | 8) }
          if traits.contains(.extended) { code.reg = opcode == 0x73 ? [2, 3, 6, 7][round % 4] : [2, 4, 6][round % 3] }
          if traits.contains(.immediate) { code.immediate = UInt8(truncatingIfNeeded: random.next()) >> (round % 4 < 2 ? 0 : 4) }
          VectorTests.compare(code, machine, &random)
        }
      }
    }
  }

  @Test("an opcode that the table does not have is none of the host's AVX2 either", arguments: [UInt8(1), 2, 3])
  func nothingElse(map: UInt8) {
    var random = FixedSequence(3)
    for (byte, prefix) in VectorTests.prefixes {
      for opcode in UInt8(0)...255 {
        for length in UInt8(0)...1 where !VectorForms.all[length == 0 ? .short : .long, map, prefix, opcode].exists {
          for memory in [false, true] {
            let code = VectorCode(
              prefix: byte, map: map, opcode: opcode, wide: random.next() % 2 == 0, reg: 1, rm: 2, memory: memory,
              immediate: map == 3 ? 1 : nil, length: length)
            if MakerDifferences.isForeign(map: map, opcode) || Self.isElsewhere(code) { continue }
            VectorTests.compare(code, machine, &random)
          }
        }
      }
    }
  }

  /// Instructions that are not of this table.
  private static func isElsewhere(_ code: VectorCode) -> Bool {
    switch (code.map, code.opcode) {
    // General registers, and what has an operand that is not in memory at RBX.
    case (2, 0x90...0x93), (1, 0xF7), (2, 0xF0...0xFF), (3, 0xF0): true
    // VMASKMOV with a mask of its own test, and control registers.
    case (2, 0x2C...0x2F), (2, 0x8C...0x8E), (1, 0xAE), (1, 0x77): true
    default: false
    }
  }

  @Test("masked moves leave elements alone that are not chosen", arguments: [UInt8(0x2C), 0x2D, 0x2E, 0x2F, 0x8C, 0x8E])
  func masked(opcode: UInt8) {
    var random = FixedSequence(UInt64(opcode))
    for round in 0..<100 {
      let code = VectorCode(
        prefix: 0x66, map: 2, opcode: opcode, wide: round % 2 == 0, reg: UInt8(random.next() % 16), rm: 0,
        memory: round % 16 != 0, length: UInt8(round / 2 % 2), vvvv: UInt8(random.next() % 16))
      // Some across the end of the memory that there is.
      let offset = round % 3 == 0 ? 128 : UInt64(HostOracle.scratchSize) - 4 * (random.next() % 10)
      VectorTests.compare(code, machine, &random) { $0.registers[3] = HostOracle.scratch + offset }
    }
  }

  @Test("gathers take what their indices point to, and go on after a fault", arguments: [UInt8(0x90), 0x91, 0x92, 0x93])
  func gathers(opcode: UInt8) {
    var random = FixedSequence(UInt64(opcode))
    for round in 0..<160 {
      let code = VectorCode(
        prefix: 0x66, map: 2, opcode: opcode, wide: round % 2 == 0, reg: UInt8(random.next() % 16), rm: 4, memory: true,
        length: UInt8(round / 2 % 2), vvvv: UInt8(random.next() % 16), index: UInt8(random.next() % 16))
      let indexSize = opcode & 1 == 0 ? 4 : 8
      let (a, b) = (random.next(), random.next())
      let indices = (0..<32 / indexSize).map { Int64((a >> UInt64($0 * 8) ^ b) % 200) - (round % 4 == 0 ? 60 : 20) }
      let first = round % 4 == 1 ? HostOracle.scratchSize - 512 : 128
      var (host, memory) = VectorTests.scene(&random)
      memory = (0..<HostOracle.scratchSize).map { memory[$0 % memory.count] }
      host.registers[3] = HostOracle.scratch + UInt64(first)
      Self.setIndices(code, indices, &host)
      var guest = host
      let signal = HostOracle.shared.withLock { $0.run(code.bytes, &host, &memory) }
      let fault = machine.run(code, &guest, &memory)
      #expect((signal != nil) == (fault != nil), "\(code)")
      if fault?.vector == 14 {
        // How far it came is the processor's own affair. The elements that were not there are there now.
        let size = code.wide ? 8 : 4
        let mended = indices.map { (0...HostOracle.scratchSize - size).contains(first + Int($0) * 4) ? $0 : 0 }
        Self.setIndices(code, mended, &host)
        Self.setIndices(code, mended, &guest)
        let again = HostOracle.shared.withLock { $0.run(code.bytes, &host, &memory) }
        #expect(again == nil && machine.run(code, &guest, &memory) == nil, "\(code)")
      }
      let same = VectorTests.visible(host) == VectorTests.visible(guest)
      #expect(same, "\(code) \(VectorTests.difference(host, guest))")
    }
  }

  private static func setIndices(_ code: VectorCode, _ indices: [Int64], _ state: inout OracleState) {
    guard let register = code.index.map(Int.init) else { return }
    let size = 32 / indices.count
    for (k, number) in indices.enumerated() {
      for byte in 0..<size {
        let place = k * size + byte
        let value = UInt8(truncatingIfNeeded: number >> Int64(8 * byte))
        if place < 16 { state.image[160 + register * 16 + place] = value } else { state.upper[register * 16 + place - 16] = value }
      }
    }
  }

  @Test("VZEROUPPER, VZEROALL, VLDMXCSR, VSTMXCSR and VMASKMOVDQU")
  func control() {
    var random = FixedSequence(8)
    for round in 0..<64 {
      for (prefix, opcode) in [(0, 0xAE), (0x66, 0xF7)] as [(UInt8, UInt8)] {
        let code = VectorCode(
          prefix: prefix, opcode: opcode, reg: opcode == 0xAE ? 3 : 5, rm: 6, memory: opcode == 0xAE,
          length: round % 8 == 0 ? 1 : 0, vvvv: round % 8 == 1 ? 3 : 0)
        VectorTests.compare(code, machine, &random) { $0.registers[7] = HostOracle.scratch + UInt64(round) }
      }
    }
    for length in UInt8(0)...1 {
      let (start, memory) = VectorTests.scene(&random)
      var (host, guest, hostMemory, guestMemory) = (start, start, memory, memory)
      let code = [0xC5, 0xF8 | length << 2, 0x77]
      let signal = HostOracle.shared.withLock { $0.run(code, &host, &hostMemory) }
      #expect(signal == nil)
      #expect(machine.run(code, &guest, &guestMemory) == nil)
      #expect(VectorTests.visible(host) == VectorTests.visible(guest))
    }
  }

  @Test("every form accesses as many bytes of memory as the host does", arguments: [UInt8(1), 2, 3], [UInt8(0), 1])
  func extent(map: UInt8, length: UInt8) {
    var random = FixedSequence(5)
    for (byte, prefix) in VectorTests.prefixes {
      for opcode in UInt8(0)...255 {
        let form = VectorForms.all[length == 0 ? .short : .long, map, prefix, opcode]
        guard form.exists, !form.traits.contains(.registerOnly), form.size > 0 else { continue }
        for wide in form.traits.contains(.wide) ? [false, true] : [form.traits.contains(.widened)] {
          let size = wide && form.traits.contains(.wideMemory) ? 8 : Int(form.size)
          // VCVTPS2PH on some hosts tells exceptions of what it then cannot store.
          for beyond in 0...(form.traits.contains(.float) && form.traits.contains(.stores) ? 0 : 1) {
            let code = VectorCode(
              prefix: byte, map: map, opcode: opcode, wide: wide, reg: 1, rm: 0, memory: true,
              immediate: form.traits.contains(.immediate) ? 1 : nil, length: length)
            VectorTests.compare(code, machine, &random) {
              $0.registers[3] = HostOracle.scratch + UInt64(HostOracle.scratchSize - size + beyond)
            }
          }
        }
      }
    }
  }

  @Test("an address size of 32 bits leaves the registers of 64-bit code as they are")
  func shortAddress() {
    var random = FixedSequence(11)
    for round in 0..<32 {
      let code = VectorCode(
        prefix: 0x66, map: 3, opcode: 0x4A, reg: UInt8(random.next() % 16), rm: UInt8(random.next() % 16), memory: round % 2 == 0,
        immediate: UInt8(round) << 4, length: UInt8(round / 16), vvvv: 9)
      let (start, memory) = VectorTests.scene(&random)
      var (host, guest, hostMemory, guestMemory) = (start, start, memory, memory)
      let signal = HostOracle.shared.withLock { $0.run([0x67] + code.bytes, &host, &hostMemory) }
      #expect(signal == nil)
      #expect(machine.run([0x67] + code.bytes, &guest, &guestMemory) == nil)
      #expect(VectorTests.visible(host) == VectorTests.visible(guest))
    }
  }

  @Test("VC-02 the store of host code has room for every instruction that a guest can ask for")
  func room() {
    var bytes = 0
    for encoding in [VectorForms.Encoding.legacy, .short, .long] {
      for map in UInt8(1)...3 {
        for (_, prefix) in VectorTests.prefixes {
          for opcode in UInt8(0)...255 { bytes += Self.room(encoding, map, prefix, opcode) }
        }
      }
    }
    // x87: no more than each opcode with each second byte, in memory and not.
    bytes += 8 * 256 * 2 * VectorStubs.spacing
    #expect(bytes <= VectorStubs.size)
  }

  /// The bytes of all host code for one opcode.
  private static func room(_ encoding: VectorForms.Encoding, _ map: UInt8, _ prefix: VectorForms.Prefix, _ opcode: UInt8) -> Int {
    let form = VectorForms.all[encoding, map, prefix, opcode]
    guard form.exists else { return 0 }
    var i = InstructionRecord()
    (i.map, i.opcode, i.vectorLength) = (encoding == .legacy ? map : map + 4, opcode, encoding == .long ? 1 : 0)
    switch prefix {
    case .none: break
    case .operandSize: i.prefixes.insert(.operandSize)
    case .repeatZero: i.prefixes.insert(.repeatZero)
    case .repeatNonzero: i.prefixes.insert(.repeatNonzero)
    }
    if encoding != .legacy { i.prefixes.insert(.vex) }
    let traits = form.traits
    let immediates = traits.contains(.fourth) ? 16 : traits.contains(.immediate) ? 256 : 1
    var bytes = 0
    for memory in [false, true] where !traits.contains(memory ? .registerOnly : .memoryOnly) {
      i.isMemory = memory
      let size = VectorStub(i, is64Bit: true).code.bytes.count
      bytes += (size + VectorStubs.spacing - 1) / VectorStubs.spacing * VectorStubs.spacing
    }
    return bytes * immediates * (traits.contains(.extended) ? 4 : 1) * (traits.contains(.wide) ? 2 : 1)
  }

  @Test("an exception that is not masked leaves the whole destination alone")
  func unmasked() {
    var state = OracleState()
    var memory = [UInt8](repeating: 0, count: 256)
    state.image[25] = 0x1D  // ZM clear
    for k in 0..<32 { state.image[160 + k] = 0x3F }
    for k in 0..<256 { state.upper[k] = 0x3F }
    for k in 0..<16 { state.upper[48 + k] = 0 }
    let before = state
    let code = VectorCode(opcode: 0x5E, reg: 0, rm: 3, length: 1, vvvv: 1)
    #expect(machine.run(code, &state, &memory) == .simd)
    #expect(state.upper == before.upper)
    #expect(state.image[160..<416] == before.image[160..<416])
  }

  @Test("AVX does not exist before the system has enabled its state")
  func disabled() {
    let code = VectorCode(opcode: 0x58, reg: 0, rm: 1, length: 1, vvvv: 1)
    var (state, memory) = (OracleState(), [UInt8](repeating: 0, count: 256))
    machine.core[.cr0] |= 8
    #expect(machine.run(code, &state, &memory) == .noCoprocessor)
    machine.core[.xcr0] = 3
    #expect(machine.run(code, &state, &memory) == .undefined)
    machine.core[.xcr0] = 7
    machine.core[.cr4] &= ~(1 << 18)
    #expect(machine.run(code, &state, &memory) == .undefined)
  }

  @Test("VEX bears neither LOCK nor another operand size, repeat or REX before it", arguments: [UInt8(0xF0), 0x66, 0xF2, 0xF3, 0x48])
  func prefixes(prefix: UInt8) {
    let code = VectorCode(opcode: 0x58, reg: 0, rm: 1, length: 1, vvvv: 1)
    var (state, memory) = (OracleState(), [UInt8](repeating: 0, count: 256))
    #expect(machine.run([prefix] + code.bytes, &state, &memory) == .undefined)
  }
}
