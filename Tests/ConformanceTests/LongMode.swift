import GuestRAM
import Primitives
import Processor

/// A guest that begins in 64-bit mode: its tables in low RAM, its code at 1000.
enum LongMode {
  static let codeStart: UInt64 = 0x1000
  private static let descriptorTable: UInt64 = 0x2000
  private static let interruptTable: UInt64 = 0x3000
  private static let pageTables: UInt64 = 0x1_0000
  /// What is mapped to itself, in 2 MiB pages.
  private static let mappedGiB: UInt64 = 6

  static func start(_ code: [UInt8], in memory: GuestMemory, _ adjust: (inout ProcessorState) -> Void) throws -> ProcessorState {
    try memory.write(code, at: .init(codeStart))
    for (index, descriptor) in [0, 0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF].enumerated() {
      try memory.store(UInt64(descriptor), at: .init(descriptorTable + UInt64(index) * 8))
    }
    let pointers = pageTables + 0x1000
    try memory.store(pointers | 3, at: .init(pageTables))
    for gib in 0..<mappedGiB {
      let directory = pointers + 0x1000 * (gib + 1)
      try memory.store(directory | 3, at: .init(pointers + gib * 8))
      for page in 0..<512 as Range<UInt64> {
        try memory.store((gib * 512 + page) << 21 | 0x83, at: .init(directory + page * 8))
      }
    }
    var state = ProcessorState.reset
    state.cs = .flatCode64
    for segment in [\ProcessorState.ds, \.es, \.fs, \.gs, \.ss] { state[keyPath: segment] = .flatData }
    state.globalTable = TableState(base: descriptorTable, limit: 31)
    state.interruptTable = TableState(base: interruptTable, limit: 0xFFF)
    state.cr0 = 0x8000_0011
    state.cr3 = pageTables
    state.cr4 = 0x20
    state.efer = 0x500
    state.rip = codeStart
    state[.rsp] = 0x9000
    adjust(&state)
    return state
  }
}
