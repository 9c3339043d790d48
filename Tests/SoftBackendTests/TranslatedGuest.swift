import GuestRAM
import Primitives
import Processor
import SystemBus

@testable import SoftBackend

/// A guest in 64-bit mode whose blocks all become code of the host at once, with its first 2 MiB twice: at 0 and at 2 MiB.
final class TranslatedGuest {
  let memory: GuestMemory
  let processor: SoftProcessor
  /// A second one, which starts in the same state.
  let other: SoftProcessor

  init(_ code: [UInt8], _ translation: SoftBackend.Translation = .always) throws {
    memory = try GuestMemory(size: 16 << 20)
    try memory.store(UInt64(0x9_1007), at: 0x9_0000)
    try memory.store(UInt64(0x9_2007), at: 0x9_1000)
    try memory.store(UInt64(0x87), at: 0x9_2000)
    try memory.store(UInt64(0x87), at: 0x9_2008)
    try memory.write(code, at: 0x1000)
    let backend = try SoftBackend(memory: memory, processors: 2, translation: translation)
    guard let processor = try backend.makeProcessor(0) as? SoftProcessor, let other = try backend.makeProcessor(1) as? SoftProcessor else { throw ProcessorError("not ours") }
    (self.processor, self.other) = (processor, other)
    var state = ProcessorState.reset
    state.cs = .flatCode64
    (state.ds, state.es, state.ss) = (.flatData, .flatData, .flatData)
    (state.cr0, state.cr3, state.cr4, state.efer) = (0x8000_0011, 0x9_0000, 0x620, 0xD00)
    state[.rsp] = 0x8000
    for processor in [processor, other] {
      try processor.setState(state)
      processor.bus = SystemBus()
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
    core.prepareThread()
    while core[.halted] == 0 {
      if core[.attention] & SoftProcessor.Attention.staleCode.rawValue != 0 { processor.translator.forgetStalePages() }
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
