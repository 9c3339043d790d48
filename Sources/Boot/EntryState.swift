import GuestRAM
import Primitives
import Processor

/// How a processor enters a kernel: flat segments, no interrupts, and what backs them in RAM.
struct EntryState {
  enum Mode {
    case protected
    case long
  }

  /// Writes the descriptor table (and page tables) and gives the processor that uses them.
  static func make(_ mode: Mode, entry: UInt64, in memory: GuestMemory) throws(GuestMemoryError) -> ProcessorState {
    var table: [UInt8] = []
    for descriptor: UInt64 in [0, 0, mode == .long ? 0x00AF_9B00_0000_FFFF : 0x00CF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF] {
      table.append(littleEndian: descriptor)
    }
    try memory.write(table, at: LowMemory.descriptorTable)

    var state = ProcessorState.reset
    state[.rdx] = 0
    state[.rsp] = LowMemory.stackTop.value
    state.rip = entry
    state.cs = mode == .long ? .flatCode64 : .flatCode32
    state.ds = .flatData
    state.es = .flatData
    state.fs = .flatData
    state.gs = .flatData
    state.ss = .flatData
    state.task = SegmentState(selector: 0, base: 0, limit: 0x67, attributes: 0x8B)
    state.globalTable = TableState(base: LowMemory.descriptorTable.value, limit: UInt16(table.count - 1))
    state.interruptTable = TableState(base: 0, limit: 0)
    state.cr0 = 0x11  // PE, ET
    if mode == .long {
      try writePageTables(memory)
      state.cr0 = 0x8001_0031  // PE, ET, NE, WP, PG
      state.cr3 = LowMemory.pageTables.value
      state.cr4 = 0x20  // PAE
      state.efer = 0x500  // LME, LMA
    }
    return state
  }

  /// The first 4 GiB, each address to itself, in 2 MiB pages.
  private static func writePageTables(_ memory: GuestMemory) throws(GuestMemoryError) {
    let top = LowMemory.pageTables
    let presentWritable: UInt64 = 3
    var bytes: [UInt8] = []
    for entry in 0..<512 { bytes.append(littleEndian: entry == 0 ? (top + 0x1000).value | presentWritable : UInt64(0)) }
    for entry in 0..<512 {
      bytes.append(littleEndian: entry < 4 ? (top + 0x2000 + entry * 0x1000).value | presentWritable : UInt64(0))
    }
    for page in 0..<UInt64(4 * 512) { bytes.append(littleEndian: page << 21 | 1 << 7 | presentWritable) }
    try memory.write(bytes, at: top)
  }
}
