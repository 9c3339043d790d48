import GuestRAM
import Primitives
import Processor
import SystemBus

@testable import SoftCPU

/// The software processor as the oracle's twin: an application whose code and scratch pages lie where the host's do.
final class SoftTwin {
  let processor: CoreContext
  let memory: GuestMemory
  /// Where the code lies for the guest.
  let code: UInt64
  /// Where the scratch pages are in RAM: the second is not behind the first.
  static let scratchPlaces: [UInt64] = [0x1_4000, 0x1_0000]
  private static let codePlace: UInt64 = 0x2_0000
  private var nextTable: UInt64 = 0x9_1000

  /// - Parameter code: where it lies, as its own instruction pointer has it.
  init(_ mode: CodeMode = .long, codeAt code: UInt64) throws {
    self.code = code
    let linear = mode == .small16 ? ShortCodeOracle.place + code : code
    memory = try GuestMemory(size: 1 << 20)
    processor = try CoreContext(CoreEnvironment(memory: memory), .always)
    for (page, place) in Self.scratchPlaces.enumerated() { try map(HostOracle.scratch + UInt64(page) * 4096, to: place, 1 << 63 | 0x67) }
    try memory.write([UInt8](repeating: 0xCC, count: 4096), at: GuestAddress(Self.codePlace))
    try map(linear & ~0xFFF, to: Self.codePlace, 0x25)
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
    (state.cr0, state.cr3, state.cr4, state.efer) = (0x8005_0033, 0x9_0000, 0x4_0620, 0xD01)
    state.interruptTable.limit = 0
    state.task.limit = 0
    try processor.setState(state)
    processor.core.resetExtendedState()
    processor.core[.xcr0] = ExtendedArea.vectors
    processor.refreshMap()
  }

  /// Maps one page in the four levels of tables.
  private func map(_ address: UInt64, to physical: UInt64, _ rights: UInt64) throws {
    var table: UInt64 = 0x9_0000
    for level in (1...3).reversed() {
      let place = table + (address >> UInt64(12 + 9 * level) & 0x1FF) * 8
      var entry = try memory.load(UInt64.self, at: GuestAddress(place))
      if entry == 0 {
        entry = nextTable | 0x27
        nextTable += 0x1000
        try memory.store(entry, at: GuestAddress(place))
      }
      table = entry & ~0xFFF
    }
    try memory.store(physical | rights, at: GuestAddress(table + (address >> 12 & 0x1FF) * 8))
  }

  /// Runs `bytes` followed by INT3 until a fault; leaves RIP at the faulting instruction.
  func run(_ bytes: [UInt8], _ state: inout OracleState, _ contents: inout [UInt8]) throws -> (fault: Fault?, address: UInt64) {
    try load(bytes)
    let end = try run(state, contents, translated: false)
    (state, contents) = (end.state, end.memory)
    return (end.fault, end.address)
  }

  /// Places code, followed by INT3.
  func load(_ bytes: [UInt8]) throws {
    try memory.write(
      bytes + [UInt8](repeating: 0xCC, count: HostOracle.slotSize - bytes.count), at: GuestAddress(Self.codePlace + code & 0xFFF))
  }

  /// Runs the code that was loaded until a fault; gives up if that does not come soon.
  ///
  /// - Parameter translated: as code of the host, at once.
  func run(_ snippet: Snippet, translated: Bool = false) throws -> End {
    try run(snippet.state, snippet.memory, translated: translated)
  }

  private func run(_ state: OracleState, _ contents: [UInt8], translated: Bool) throws -> End {
    let core = processor.core
    if translated {
      processor.prepareThread()
      processor.translator.forgetStalePages()
    }
    core[.attention] = 0
    try setContents(contents)
    for k in 0..<16 { core[register: k] = state.registers[k] }
    put(state.image, Core.vectorState)
    put(state.upper, Core.upperHalves)
    core.flags = state.enteredFlags
    core.selectTranslations()
    core[.rip] = code
    core[.pending] = 0
    var end = End(address: 0, state: state, memory: [])
    for _ in 0..<100 {
      do throws(Fault) {
        if core.flags & Flags.tf != 0 {
          try core.stepExactly()
        } else if translated {
          try core.runBlock(with: processor.translator)
        } else {
          try core.execute(core.findBlock(), goingOn: false)
        }
      } catch {
        end.fault = error
        break
      }
    }
    processor.translator.forgetEdge()
    for k in 0..<16 { end.state.registers[k] = core[register: k] }
    end.state.image = bytes(Core.vectorState, 512)
    end.state.upper = bytes(Core.upperHalves, 256)
    end.state.flags = core.flags & 0xCD5 | 2
    end.memory = try self.contents(contents.count)
    end.address = core[.rip]
    return end
  }

  private func put(_ bytes: [UInt8], _ place: Int) {
    unsafe bytes.withUnsafeBytes { unsafe (processor.core.base + place).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
  }
  private func bytes(_ place: Int, _ count: Int) -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: processor.core.base + place, count: count))
  }

  /// The bytes of the scratch pages.
  private func setContents(_ bytes: [UInt8]) throws {
    for (page, place) in Self.scratchPlaces.enumerated() where page * 4096 < bytes.count {
      try memory.write(Array(bytes[page * 4096..<min(bytes.count, page * 4096 + 4096)]), at: GuestAddress(place))
    }
  }
  private func contents(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for place in Self.scratchPlaces where bytes.count < count { bytes += try memory.bytes(min(count - bytes.count, 4096), at: GuestAddress(place)) }
    return bytes
  }
}
