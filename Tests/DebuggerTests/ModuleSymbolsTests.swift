import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

@testable import Debugger

@Suite("Functions of a guest's modules", .serialized)
struct ModuleSymbolsTests {
  /// A kernel's list of one module, as it lies in memory without paging.
  private struct SmallModule {
    static let (head, module, pointers, table, names): (UInt64, UInt64, UInt64, UInt64, UInt64) = (0x1000, 0x2000, 0x3000, 0x4000, 0x5000)
    static let code: UInt64 = 0x9000
    let layout: KernelLayout
    let memory: GuestMemory

    init(_ layout: KernelLayout) throws {
      self.layout = layout
      memory = try GuestMemory(size: 2 << 20)
      let word = UInt64(layout.word)
      try store(Self.module + word, at: Self.head)
      // The list's end is its beginning.
      try store(Self.head, at: Self.module + word)
      try memory.write(Array("my_driver\0".utf8), at: GuestAddress(Self.module + 3 * word))
      try store(Self.pointers, at: Self.module + 0x200)
      try store(Self.table, at: Self.pointers)
      try memory.store(UInt32(3), at: GuestAddress(Self.pointers + word))
      try store(Self.names, at: Self.pointers + 2 * word)
      try memory.write(Array("\0probe\0remove\0".utf8), at: GuestAddress(Self.names))
      for (number, name) in [(1, 1), (2, 7)] as [(UInt64, UInt32)] {
        let entry = Self.table + number * UInt64(layout.symbolSize)
        try memory.store(name, at: GuestAddress(entry))
        try store(Self.code + number * 0x100, at: entry + (layout.word == 8 ? 8 : 4))
        try store(0x40, at: entry + (layout.word == 8 ? 16 : 8))
      }
    }

    private func store(_ value: UInt64, at place: UInt64) throws {
      if layout.word == 8 {
        try memory.store(value, at: GuestAddress(place))
      } else {
        try memory.store(UInt32(truncatingIfNeeded: value), at: GuestAddress(place))
      }
    }

    var symbols: ModuleSymbols { ModuleSymbols(from: Self.head, LinearMemory(.reset, memory), layout) }
  }

  @Test("they are found by their addresses, and have the module's name behind them", arguments: [8, 4])
  func found(word: Int) throws {
    let module = try SmallModule(word == 8 ? .wide : .narrow).symbols
    #expect(module.symbol(at: SmallModule.code + 0x110)?.description == "probe+0x10 [my_driver]")
    #expect(module.symbol(at: SmallModule.code + 0x23F)?.description == "remove+0x3f [my_driver]")
    for place in [0, SmallModule.code, SmallModule.code + 0x140, .max] { #expect(module.symbol(at: place) == nil) }
  }

  @Test("GD-04 a list without an end, and tables that lie, give no symbols or harmless ones")
  func lies() throws {
    for layout in [KernelLayout.wide, .narrow] {
      let endless = try SmallModule(layout)
      let entry = SmallModule.module + UInt64(layout.word)
      // It leads to itself.
      try endless.memory.store(UInt32(truncatingIfNeeded: entry), at: GuestAddress(entry))
      #expect(endless.symbols.symbol(at: SmallModule.code + 0x110)?.name == "probe")
      var chance = Chance(11)
      for _ in 0..<300 {
        let guest = try SmallModule(layout)
        for _ in 0..<3 {
          let place = UInt64(chance.one(of: [0x1000, 0x2000, 0x2200, 0x3000, 0x4000, 0x5000]) + chance.below(64))
          let lies: [UInt64] = [0, 1, 0xFF, 0xFFFF_FFFF, .max, 0x3000, 0x10_0000]
          try guest.memory.store(chance.one(of: lies), at: GuestAddress(place))
        }
        let symbols = guest.symbols
        for place in [0, 0x9110, UInt64.max] { _ = symbols.symbol(at: place) }
      }
    }
  }
}
