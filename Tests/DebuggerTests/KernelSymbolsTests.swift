import GuestRAM
import Primitives
import Processor
import Testing

@testable import Debugger

@Suite struct KernelSymbolsTests {
  @Test("symbols are found in the order of Linux 6.1 and in that of 6.12", arguments: [false, true])
  func orders(newer: Bool) throws {
    let guest = try SmallSymbols(SmallSymbols.tables(newer: newer))
    let symbols = try #require(KernelSymbols(guest.view, isWide: true, near: 0))
    #expect(symbols.count == SmallSymbols.count)
    for number in [2, 3, 255, 256, 257, 511, 512, 599] {
      let found = symbols.symbol(at: SmallSymbols.base + UInt64(number - 2) * 16 + 5)
      #expect(found?.name == "function_\(number)")
      #expect(found?.offset == 5)
    }
    #expect(symbols.symbol(at: SmallSymbols.base + 48)?.name == "function_" + String(repeating: "x", count: 150))
    #expect(symbols.symbol(at: SmallSymbols.base - 1) == nil)
    #expect(symbols.symbol(at: 0x40) == nil)
  }

  @Test("a kernel of 32 bits has the same tables with shorter words, and a trace", arguments: [false, true])
  func narrow(newer: Bool) throws {
    var guest = try SmallSymbols(SmallSymbols.tables(newer: newer, isWide: false), isWide: false)
    let base = SmallSymbols.narrowBase
    let symbols = try #require(KernelSymbols(guest.view, isWide: false, near: base))
    for number in [3, 256, 599] { #expect(symbols.symbol(at: base + UInt64(number - 2) * 16 + 5)?.name == "function_\(number)") }
    #expect(symbols.symbol(at: base - 1) == nil && symbols.symbol(at: 0xFFFF_FFFF_8100_0000) == nil)
    guest.state.rip = base + 16 + 7
    guest.state.registers[4] = base + 0x30_0000
    try guest.memory.write([0xE8, 0, 0, 0, 0], at: GuestAddress(8 * 16))
    try guest.memory.store(UInt32(base + 8 * 16 + 5), at: 0x30_0000)
    #expect(Backtrace.lines(guest.state, guest.view, symbols) == ["function_3+0x7", "? function_10+0x5"])
  }

  @Test func a_trace_names_what_was_returned_to_after_a_call() throws {
    var guest = try SmallSymbols(SmallSymbols.tables(newer: false))
    let symbols = try #require(KernelSymbols(guest.view, isWide: true, near: 0))
    let code = SmallSymbols.base
    // call in function_10, indirect call in function_20, and an address in function_30 without any.
    try guest.memory.write([0xE8, 0, 0, 0, 0], at: GuestAddress(0x20_0000 + 8 * 16))
    try guest.memory.write([0xFF, 0xD0], at: GuestAddress(0x20_0000 + 18 * 16))
    guest.state.rip = code + 7
    guest.state.registers[4] = code + 0x10_0000
    for (number, word) in [code + 8 * 16 + 5, 0x1234, code + 28 * 16 + 4, code + 18 * 16 + 2].enumerated() {
      try guest.memory.store(word, at: GuestAddress(0x30_0000 + UInt64(number) * 8))
    }
    #expect(Backtrace.lines(guest.state, guest.view, symbols) == ["function_2+0x7", "? function_10+0x5", "? function_20+0x2"])
    guest.state.rip = 0x1000
    #expect(Backtrace.lines(guest.state, guest.view, symbols).isEmpty)
    guest.state.rip = code
    guest.state.registers[4] = .max
    #expect(Backtrace.lines(guest.state, guest.view, symbols) == ["function_2+0x0"])
  }

  private func symbols(in image: [UInt8], isWide: Bool) -> KernelSymbols? {
    KernelSymbols.digits(in: image).lazy.compactMap { KernelSymbols(image, digits: $0, isWide ? .wide : .narrow) }.first
  }

  @Test("GD-04 tables that lie or are cut anywhere give no symbols, or harmless ones")
  func lies() throws {
    for (newer, isWide) in [(false, true), (true, true), (false, false), (true, false)] {
      let good = SmallSymbols.tables(newer: newer, isWide: isWide)
      #expect(symbols(in: good, isWide: isWide) != nil)
      for change in stride(from: 0, to: good.count, by: 691) {
        for value: UInt8 in [0, 0x7F, 0xFF] {
          var bytes = good
          bytes[change] = value
          let symbols = symbols(in: bytes, isWide: isWide)
          for number in stride(from: 0, to: UInt64(0x3000), by: 0x777) { _ = symbols?.symbol(at: SmallSymbols.base + number) }
        }
        _ = symbols(in: Array(good.prefix(change)), isWide: isWide)
      }
    }
    #expect(KernelSymbols([], digits: 0) == nil)
    #expect(KernelSymbols([0x30], digits: 1 << 40) == nil)
  }

  @Test("GD-04 memory full of beginnings of tables is given up on")
  func endless() throws {
    let digits = (0..<10).flatMap { [0x30 + UInt8($0), 0] as [UInt8] }
    let guest = try SmallSymbols(Array([[UInt8]](repeating: digits, count: 20000).joined()))
    #expect(KernelSymbols(guest.view, isWide: true, near: 0) == nil)
  }
}
