import GuestRAM
import InterruptChips
import Primitives
import Processor
import Time

@testable import SoftCPU

/// A guest in 64-bit mode whose blocks all become code of the host at once, with its first 2 MiB twice: at 0 and at 2 MiB.
final class TranslatedGuest {
  let memory: GuestMemory
  let processor: CoreContext
  /// A second one, which starts in the same state.
  let other: CoreContext
  private let team: Team

  /// Cores that tell each other of code that they change.
  private final class Team: @unchecked Sendable {
    var cores: [CoreContext] = []
    func tell(_ reason: Attention, except index: Int?) {
      for core in cores where core.environment.index != index { core.raise(reason) }
    }
  }

  init(_ code: [UInt8], _ translation: TranslationPolicy = .always, countsCode: Bool = false) throws {
    memory = try GuestMemory(size: 16 << 20)
    try memory.store(UInt64(0x9_1007), at: 0x9_0000)
    try memory.store(UInt64(0x9_2007), at: 0x9_1000)
    try memory.store(UInt64(0x87), at: 0x9_2000)
    try memory.store(UInt64(0x87), at: 0x9_2008)
    try memory.write(code, at: 0x1000)
    let team = Team()
    let (shared, fabric) = (try SharedMemory(memory), InterruptFabric(processors: 2, clock: { .start }))
    let cores = try (0..<2).map { index in
      let environment = CoreEnvironment(
        memory: shared, fabric: fabric, index: index, processorCount: 2, clock: GuestClock(), random: { 0 }, undefined: InstructionTally(),
        tellOthers: { [weak team] in team?.tell($0, except: index) })
      return try CoreContext(environment, translation, counts: countsCode ? BlockCounts() : nil)
    }
    memory.whenCodeIsWritten { [weak team] in team?.tell(.staleCode, except: nil) }
    team.cores = cores
    (processor, other, self.team) = (cores[0], cores[1], team)
    var state = ProcessorState.reset
    state.cs = .flatCode64
    (state.ds, state.es, state.ss) = (.flatData, .flatData, .flatData)
    (state.cr0, state.cr3, state.cr4, state.efer) = (0x8000_0011, 0x9_0000, 0x620, 0xD00)
    state[.rsp] = 0x8000
    for processor in [processor, other] {
      try processor.setState(state)
      processor.refreshMap()
    }
  }

  /// The same without code of the host.
  func runInterpreted() throws -> UInt64 {
    let core = processor.core
    core[.rip] = 0x1000
    core[.attention] = 0
    while core[.halted] == 0 { try core.execute(core.findBlock(), goingOn: false) }
    return core[.rax]
  }

  /// From 0x1000 to HLT; RAX.
  func run() throws -> UInt64 {
    let core = processor.core
    core[.rip] = 0x1000
    core[.halted] = 0
    processor.prepareThread()
    while core[.halted] == 0 {
      if core[.attention] & Attention.staleCode.rawValue != 0 { processor.translator.forgetStalePages() }
      core[.attention] = 0
      if let lockstep = processor.lockstep {
        try core.run(lockstep, with: processor.translator)
        if lockstep.difference != nil { break }
      } else {
        try core.run(with: processor.translator)
      }
    }
    return core[.rax]
  }
}
