import GuestRAM
import Primitives
import Processor
import SystemBus
import Testing

@testable import SoftCPU

@Suite("One instruction on behalf of KVM", .enabled(if: HostOracle.hasAVX2, "the host has no AVX2"))
struct StandInTests {
  /// Executes VMOVAPS ymm1, ymm0 with the upper half of YMM0 in the area, and components that are in use by the header.
  private func move(present: UInt8) throws -> (StandIn.Ending, ArchitecturalState) {
    let memory = try GuestMemory(size: 16 << 20)
    try memory.write([0xC5, 0xFC, 0x28, 0xC8], at: GuestAddress(0x1000))
    let standIn = try StandIn(memory: memory, tally: InstructionTally())
    var registers = ProcessorState.reset
    registers.cs = .flatCode32
    registers.ss = .flatData
    (registers.ds, registers.es, registers.fs, registers.gs) = (registers.ss, registers.ss, registers.ss, registers.ss)
    (registers.cr0, registers.cr4, registers.rip) = (0x11, 0x4_0600, 0x1000)
    var vectors = [UInt8](repeating: 0, count: ArchitecturalState.vectorSize)
    for k in 0..<16 { (vectors[160 + k], vectors[576 + k]) = (0x11, 0x22) }
    for k in 0..<16 { vectors[592 + k] = 0x33 }
    vectors[512] = present
    var state = ArchitecturalState(
      registers: registers, vectors: vectors, xcr0: 7, modelSpecificValues: ArchitecturalState.modelSpecific.map { _ in 0 })
    let ending = try standIn.execute(&state, on: SystemBus())
    return (ending, state)
  }

  @Test("upper halves of YMM registers come with the others, and go back")
  func upperHalves() throws {
    let (ending, after) = try move(present: 7)
    #expect(ending != .refused)
    #expect(after.vectors[176..<192].allSatisfy { $0 == 0x11 })
    #expect(after.vectors[592..<608].allSatisfy { $0 == 0x22 })
    #expect(after.vectors[512] == 7)
  }

  @Test("upper halves that are told to be unused are zero, whatever is in their place")
  func unused() throws {
    let (ending, after) = try move(present: 3)
    #expect(ending != .refused)
    #expect(after.vectors[176..<192].allSatisfy { $0 == 0x11 })
    #expect(after.vectors[512] == 3)
  }

  @Test("with the rest of 512-bit registers in use, VEX is refused")
  func longer() throws {
    let (ending, after) = try move(present: 0x47)
    #expect(ending == .refused)
    #expect(after.vectors[592] == 0x33)
  }
}
