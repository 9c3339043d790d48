import GuestRAM
import Primitives
import Processor
import SystemBus

@testable import SoftBackend

/// The software processor as the oracle's twin: an application whose code and scratch pages lie where the host's do.
final class SoftTwin {
  let processor: SoftProcessor
  let memory: GuestMemory
  /// Where the code lies for the guest.
  let code: UInt64
  private static let scratchPlace: UInt64 = 0x1_0000
  private static let codePlace: UInt64 = 0x2_0000
  private var nextTable: UInt64 = 0x9_1000

  /// - Parameter code: where it lies, as its own instruction pointer has it.
  init(_ mode: CodeMode = .long, codeAt code: UInt64) throws {
    self.code = code
    let linear = mode == .small16 ? ShortCodeOracle.place + code : code
    memory = try GuestMemory(size: 16 << 20)
    let backend = try SoftBackend(memory: memory, translation: .always)
    guard let processor = try backend.makeProcessor(0) as? SoftProcessor else { throw ProcessorError("not ours") }
    self.processor = processor
    for page in 0..<UInt64(HostOracle.scratchSize / 4096) {
      try map(HostOracle.scratch + page * 4096, to: Self.scratchPlace + page * 4096, 1 << 63 | 7)
    }
    try memory.write([UInt8](repeating: 0xCC, count: 4096), at: GuestAddress(Self.codePlace))
    try map(linear & ~0xFFF, to: Self.codePlace, 5)
    var state = ProcessorState.reset
    state.cs = mode == .long ? .flatCode64 : .flatCode32
    state.cs.selector = mode == .long ? 0x33 : 0x23
    state.ss = .flatData
    if mode == .small16 {
      state.cs = SegmentState(selector: 0x07, base: ShortCodeOracle.place, limit: 0xFFFF, attributes: 0x9B)
      state.ss = SegmentState(selector: 0x0F, base: HostOracle.scratch, limit: UInt32(HostOracle.scratchSize - 1), attributes: 0x93)
    }
    state.cs.attributes |= 0x60
    state.ss.attributes |= 0x60
    (state.ds, state.es, state.fs, state.gs) = (state.ss, state.ss, state.ss, state.ss)
    (state.cr0, state.cr3, state.cr4, state.efer) = (0x8005_0033, 0x9_0000, 0x620, 0xD01)
    state.interruptTable.limit = 0
    state.task.limit = 0
    try processor.setState(state)
    processor.bus = SystemBus()
    processor.refreshMap()
  }

  /// Maps one page in the four levels of tables.
  private func map(_ address: UInt64, to physical: UInt64, _ rights: UInt64) throws {
    var table: UInt64 = 0x9_0000
    for level in (1...3).reversed() {
      let place = table + (address >> UInt64(12 + 9 * level) & 0x1FF) * 8
      var entry = try memory.load(UInt64.self, at: GuestAddress(place))
      if entry == 0 {
        entry = nextTable | 7
        nextTable += 0x1000
        try memory.store(entry, at: GuestAddress(place))
      }
      table = entry & ~0xFFF
    }
    try memory.store(physical | rights, at: GuestAddress(table + (address >> 12 & 0x1FF) * 8))
  }

  /// Runs `bytes` followed by INT3 until a fault; leaves RIP at the faulting instruction.
  ///
  /// - Parameter translated: as code of the host, at once.
  func run(
    _ bytes: [UInt8], _ state: inout OracleState, _ contents: inout [UInt8], translated: Bool = false
  ) throws -> (fault: Fault?, address: UInt64) {
    let core = processor.core
    try memory.write(
      bytes + [UInt8](repeating: 0xCC, count: HostOracle.slotSize - bytes.count),
      at: GuestAddress(Self.codePlace + code & 0xFFF))
    if translated {
      core.prepareThread()
      processor.translator.forgetStalePages()
    }
    core[.attention] = 0
    try setContents(contents)
    for k in 0..<16 { core[register: k] = state.registers[k] }
    for k in 0..<512 { core.store(state.image[k], at: Core.vectorState + k) }
    for k in 0..<256 { core.store(state.upper[k], at: Core.upperHalves + k) }
    core.flags = state.enteredFlags
    core.selectTranslations()
    core[.rip] = code
    core[.pending] = 0
    var fault: Fault?
    for _ in 0..<100 {
      do throws(Fault) {
        if core.flags & Flags.tf != 0 {
          try core.stepExactly()
        } else if translated {
          try core.runBlock(with: processor.translator, alone: true)
        } else {
          try core.execute(core.findBlock())
        }
      } catch {
        fault = error
        break
      }
    }
    for k in 0..<16 { state.registers[k] = core[register: k] }
    for k in 0..<512 { state.image[k] = core.load(Core.vectorState + k) }
    for k in 0..<256 { state.upper[k] = core.load(Core.upperHalves + k) }
    state.flags = core.flags & 0xCD5 | 2
    contents = try self.contents(contents.count)
    return (fault, core[.rip])
  }

  /// The bytes of the scratch pages.
  func setContents(_ bytes: [UInt8]) throws { try memory.write(bytes, at: GuestAddress(Self.scratchPlace)) }
  func contents(_ count: Int) throws -> [UInt8] { try memory.bytes(count, at: GuestAddress(Self.scratchPlace)) }
}
