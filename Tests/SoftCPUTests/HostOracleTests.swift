import Glibc
import Synchronization
import Testing

@Suite("The host as an oracle") struct HostOracleTests {
  @Test("an addition leaves its sum and its carry")
  func addition() {
    var state = OracleState()
    state.registers[0] = .max
    state.registers[4] = 0xDEAD_BEEF
    var scratch: [UInt8] = []
    let fault = HostOracle.shared.withLock { $0.run([0x48, 0x83, 0xC0, 0x01], &state, &scratch) }
    #expect(fault == nil)
    #expect(state.registers[0] == 0)
    #expect(state.registers[4] == 0xDEAD_BEEF)
    #expect(state.flags & 0x41 == 0x41)
  }

  @Test("a load from nowhere is a segmentation fault, even without a stack")
  func fault() {
    var state = OracleState()
    state.registers[3] = 0x10
    state.registers[4] = 0
    var scratch: [UInt8] = []
    let fault = HostOracle.shared.withLock { $0.run([0x48, 0x8B, 0x03], &state, &scratch) }
    #expect(fault == OracleFault(signal: SIGSEGV, code: 1, address: 0x10))
    #expect(state.registers[3] == 0x10)
  }

  @Test("a vector store reaches the scratch page")
  func store() {
    var state = OracleState()
    state.registers[1] = HostOracle.scratch
    for i in 0..<16 { state.image[160 + i] = UInt8(i) }
    var scratch = [UInt8](repeating: 0xFF, count: 32)
    let fault = HostOracle.shared.withLock { $0.run([0x0F, 0x29, 0x01], &state, &scratch) }
    #expect(fault == nil)
    #expect(Array(scratch[0..<17]) == (0..<16).map { UInt8($0) } + [0xFF])
  }
}
