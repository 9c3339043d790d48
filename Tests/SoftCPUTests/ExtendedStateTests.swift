import Synchronization
import Testing

@testable import SoftCPU

@Suite("FXSAVE and XSAVE") struct ExtendedStateTests {
  private let machine: VectorMachine

  init() throws { machine = try VectorMachine() }

  private func execute(
    _ extended: UInt8, _ state: inout OracleState, _ memory: inout [UInt8], wide: Bool = true, at offset: UInt64 = 128
  ) -> Fault? {
    state.registers[3] = HostOracle.scratch + offset
    return machine.run(
      VectorCode(opcode: 0xAE, wide: wide, reg: extended, rm: 0, memory: true), &state, &memory)
  }

  private func scene(_ seed: UInt64) -> (OracleState, [UInt8]) {
    var random = FixedSequence(seed)
    let (state, _) = VectorTests.scene(&random)
    return (state, [UInt8](repeating: 0xA5, count: 1024))
  }

  @Test("FXSAVE64 writes what the host writes")
  func saveAsHost() {
    var (state, memory) = scene(1)
    state.registers[3] = HostOracle.scratch + 128
    var (host, hostMemory) = (state, memory)
    let fault = HostOracle.shared.withLock { $0.run([0x48, 0x0F, 0xAE, 0x03], &host, &hostMemory) }
    #expect(fault == nil)
    #expect(execute(0, &state, &memory) == nil)
    #expect(memory[128..<133] == hostMemory[128..<133])
    #expect(memory[152..<156] == hostMemory[152..<156])
    #expect(memory[160..<544] == hostMemory[160..<544])
    #expect(memory[544...] == hostMemory[544...])
  }

  @Test("what FXSAVE wrote, FXRSTOR brings back", arguments: [true, false])
  func restore(wide: Bool) {
    var (state, memory) = scene(2)
    let before = state.image
    #expect(execute(0, &state, &memory, wide: wide) == nil)
    state.image = OracleState.freshImage
    #expect(execute(1, &state, &memory, wide: wide) == nil)
    #expect(VectorTests.visible(state).image == VectorTests.visible(OracleState(image: before)).image)
  }

  @Test("an MXCSR with reserved bits is a protection fault that changes nothing")
  func reservedControl() {
    var (state, memory) = scene(3)
    let before = state.image
    memory[128 + 26] = 1
    #expect(execute(1, &state, &memory) == .protection)
    #expect(execute(2, &state, &memory, at: 128 + 24) == .protection)
    #expect(state.image == before)
  }

  @Test("XSAVE writes the components it is asked for, and XRSTOR makes the others initial")
  func components() {
    var (state, memory) = scene(4)
    machine.core[.xcr0] = 3
    for k in 0..<64 { memory[128 + 512 + k] = 0 }
    state.registers[0] = 2
    state.registers[2] = 0
    let before = state.image
    #expect(execute(4, &state, &memory) == nil)
    #expect(memory[128 + 512] == 2)
    #expect(memory[128] == 0xA5, "x87 was not asked for")
    state.image = OracleState.freshImage
    state.image[33] = 7
    state.registers[0] = 3
    #expect(execute(5, &state, &memory) == nil)
    #expect(state.image[160..<416] == before[160..<416])
    #expect(state.image[0..<5] == [0x7F, 3, 0, 0, 0] && state.image[33] == 0)
  }

  @Test("XRSTOR refuses components that are not enabled, and areas off their 64-byte boundary")
  func refused() {
    var (state, memory) = scene(5)
    machine.core[.xcr0] = 3
    state.registers[0] = 3
    for k in 0..<64 { memory[128 + 512 + k] = 0 }
    memory[128 + 512] = 4
    #expect(execute(5, &state, &memory) == .protection)
    #expect(execute(4, &state, &memory, at: 144) == .protection)
    machine.core[.cr4] = 0x620
    #expect(execute(4, &state, &memory) == .undefined)
  }

  /// XSAVE64, XSAVEOPT64 and XSAVEC64.
  private static let saves: [[UInt8]] = [[0x48, 0x0F, 0xAE, 0x23], [0x48, 0x0F, 0xAE, 0x33], [0x48, 0x0F, 0xC7, 0x23]]

  /// What the host saves, and this processor, too.
  private func saved(_ code: [UInt8], _ wanted: UInt64, _ random: inout FixedSequence) -> [UInt8] {
    var (state, _) = VectorTests.scene(&random)
    state.registers[0] = wanted
    state.registers[2] = 0
    var memory = [UInt8](repeating: 0xA5, count: 1024)
    for k in 0..<64 { memory[128 + 512 + k] = 0 }
    // An MXCSR that can be restored even if it is not saved.
    (memory[128 + 26], memory[128 + 27]) = (0, 0)
    let start = (state, memory)
    let fault = HostOracle.shared.withLock { $0.run(code, &state, &memory) }
    #expect(fault == nil)
    var (guest, guestMemory) = start
    #expect(machine.run(code, &guest, &guestMemory) == nil)
    // The x87 pointers are where the code was, and MXCSR_MASK is the processor's own.
    for k in [Int](128 + 6..<128 + 24) + [Int](128 + 28..<128 + 32) { guestMemory[k] = memory[k] }
    let place = memory.indices.first { memory[$0] != guestMemory[$0] }
    #expect(place == nil, "\(code) \(wanted)")
    return memory
  }

  @Test("XSAVE, XSAVEOPT and XSAVEC write what the host writes, and XRSTOR takes it", .enabled(if: HostOracle.hasAVX2, "the host has no AVX2"))
  func advanced() {
    var random = FixedSequence(6)
    for code in Self.saves {
      for wanted in UInt64(1)...7 {
        for taken in UInt64(1)...7 {
          let area = saved(code, wanted, &random)
          var (host, _) = VectorTests.scene(&random)
          host.registers[0] = taken
          host.registers[2] = 0
          var (guest, hostArea, guestArea) = (host, area, area)
          let restore: [UInt8] = [0x48, 0x0F, 0xAE, 0x2B]
          let fault = HostOracle.shared.withLock { $0.run(restore, &host, &hostArea) }
          #expect(fault == nil)
          #expect(machine.run(restore, &guest, &guestArea) == nil)
          let same = VectorTests.visible(host) == VectorTests.visible(guest)
          #expect(same, "\(code) \(wanted) \(taken) \(VectorTests.difference(host, guest))")
        }
      }
    }
  }

  @Test("upper halves that are zero are told to be unused, and XSAVEC leaves their place alone", .enabled(if: HostOracle.hasAVX2, "the host has no AVX2"))
  func unused() {
    var (state, memory) = scene(8)
    for k in 0..<64 { memory[128 + 512 + k] = 0 }
    state.upper = OracleState().upper
    state.registers[0] = 7
    state.registers[2] = 0
    #expect(machine.run([0x48, 0x0F, 0xC7, 0x23], &state, &memory) == nil)
    #expect(memory[128 + 512] == 3 && memory[128 + 520] == 7 && memory[128 + 527] == 0x80)
    #expect(memory[(128 + 576)...].allSatisfy { $0 == 0xA5 })
    state.upper[0] = 1
    #expect(execute(5, &state, &memory) == nil)
    #expect(state.upper[0] == 0)
  }

  @Test("XRSTOR refuses a compacted area that has components it does not tell of", .enabled(if: HostOracle.hasAVX2, "the host has no AVX2"))
  func refusedCompacted() {
    for (present, format) in [(7, 3), (3, 0x107), (3, 3)] as [(UInt8, UInt64)] {
      var (state, memory) = scene(7)
      state.registers[0] = 7
      for k in 0..<64 { memory[128 + 512 + k] = 0 }
      memory[128 + 512] = present
      for k in 0..<8 { memory[128 + 520 + k] = UInt8(truncatingIfNeeded: format >> UInt64(8 * k)) }
      if format != 3 || present == 7 { memory[128 + 527] = 0x80 }
      #expect(execute(5, &state, &memory) == .protection)
    }
  }

  @Test("XCR0 always has x87, and nothing that does not exist")
  func controlRegister() {
    #expect(write(2) == .protection)
    #expect(write(5) == .protection)
    #expect(write(15) == .protection)
    #expect(write(7) == (HostOracle.hasAVX2 ? nil : .protection))
    #expect(write(3) == nil)
    #expect(machine.core[.xcr0] == 3)
  }

  private func write(_ value: UInt64) -> Fault? {
    machine.core.updateMode(cpl: 0)
    do throws(Fault) {
      try machine.core.writeXCR(0, value)
      return nil
    } catch { return error }
  }
}
