import GuestRAM
import Primitives
import Processor
import Testing

@testable import Debugger

/// A kernel with unwind tables for its first functions, in which one calls another.
@Suite("Which function of a Linux called which")
final class UnwinderTests {
  private let base = SmallSymbols.base
  private var guest: SmallSymbols

  /// Where a function begins, and that in guest memory.
  private func address(of function: Int) -> UInt64 { base + UInt64(function - 2) * 16 }
  private func place(_ address: UInt64) -> GuestAddress { GuestAddress(0x20_0000 + (address - base)) }

  init() throws {
    // The tables begin and end where these functions would be.
    guest = try SmallSymbols(SmallSymbols.tables(newer: false, named: [400: "__start_orc_unwind_ip", 402: "__stop_orc_unwind_ip", 404: "__start_orc_unwind"]))
    guest.state.cs.selector = 0x10
    guest.state.rip = address(of: 10) + 4
    guest.state.registers[4] = base + 0x10_0000
  }

  private typealias Entry = (offset: Int16, registers: UInt8, type: UInt8)

  /// From functions 10, 20, 30 and so on, each its own entry: how far the stack pointer is from where it was, and the two bytes behind.
  private func write(_ entries: [Entry]) throws {
    let start = address(of: 400)
    for number in 0..<8 {
      let entry: Entry = number < entries.count ? entries[number] : (0, 0, 0)
      let distance = Int64(bitPattern: address(of: 10 * (number + 1)) &- (start + UInt64(4 * number)))
      try guest.memory.store(UInt32(bitPattern: Int32(distance)), at: place(start + UInt64(4 * number)))
      let target = place(address(of: 404) + UInt64(6 * number))
      var bytes: [UInt8] = []
      for value in [UInt16(bitPattern: entry.offset), 0, UInt16(entry.registers) | UInt16(entry.type) << 8] { bytes.append(littleEndian: value) }
      try guest.memory.write(bytes, at: target)
    }
  }

  private func push(_ words: [Int: UInt64]) throws {
    for (number, word) in words { try guest.memory.store(word, at: GuestAddress(0x30_0000 + UInt64(number) * 8)) }
  }

  private func stack() -> KernelView.Place {
    var view = KernelView(guest.memory)
    return view.place(of: guest.state)
  }

  @Test("a function's callers are where the kernel's tables say that they are, whatever else lies on the stack")
  func calls() throws {
    for callType: UInt8 in [0, 2] {
      try write([(24, 5, callType), (16, 5, callType), (0, 0, callType)])
      try push([0: address(of: 50) + 3, 1: address(of: 60) + 3, 2: address(of: 20) + 5, 3: 7, 4: address(of: 30) + 5])
      #expect(stack() == .kernel(["function_10", "function_20", "function_30"]))
    }
  }

  @Test("a bad end's calls are the same, and only what no table tells has a question mark")
  func backtrace() throws {
    try write([(24, 5, 0), (0, 0, 5)])
    try push([0: address(of: 50) + 3, 2: address(of: 20) + 5])
    let symbols = try #require(KernelSymbols(guest.view, isWide: true, near: guest.state.rip))
    #expect(Backtrace.lines(guest.state, guest.view, symbols) == ["function_10+0x4", "function_20+0x5"])
  }

  @Test("an interrupt leads to the function that it came in, and one that came in a program ends the chain")
  func interrupts() throws {
    try write([(16, 5, 0), (0, 5, 1), (8, 5, 0), (0, 0, 0)])
    var frame: [Int: UInt64] = [1: address(of: 20) + 5, 2 + 16: address(of: 30) + 6, 2 + 17: 0x10, 2 + 19: base + 0x10_0800]
    frame[0x100] = address(of: 40) + 1
    try push(frame)
    #expect(stack() == .kernel(["function_10", "function_20", "function_30", "function_40"]))
    try push([2 + 17: 0x33])
    #expect(stack() == .kernel(["function_10", "function_20"]))
  }

  @Test("a kernel without tables has the words on its stack that lie behind calls")
  func scanned() throws {
    guest = try SmallSymbols(SmallSymbols.tables(newer: false))
    guest.state.rip = address(of: 10) + 4
    guest.state.registers[4] = base + 0x10_0000
    try guest.memory.write([0xE8, 0, 0, 0, 0], at: place(address(of: 20)))
    try push([0: address(of: 50) + 3, 1: address(of: 20) + 5, 2: 7])
    #expect(stack() == .kernel(["function_10", "function_20"]))
  }

  @Test("a program is a program, and what is no kernel is unknown")
  func elsewhere() throws {
    guest.state.cs.selector = 0x33
    #expect(stack() == .program)
    guest.state.cs.selector = 0x10
    guest.state.rip = 0x1000
    #expect(stack() == .unknown)
    guest.state.cr0 = 0x11
    guest.state.rip = base
    #expect(stack() == .unknown)
  }

  @Test("GD-04 tables that lie lead to harmless stacks of a bounded length")
  func lies() throws {
    // A function that calls itself for ever, and stack pointers from nowhere.
    try write([(8, 5, 0)])
    try push([0: address(of: 10) + 5])
    guest.state.registers[4] = base + 0x10_0000
    for number in 0..<200 { try push([number: address(of: 10) + 5]) }
    guard case .kernel(let names) = stack() else { return #expect(Bool(false)) }
    #expect(names.count == Unwinder.mostFrames)
    let symbols = try #require(KernelSymbols(guest.view, isWide: true, near: guest.state.rip))
    for registers: UInt8 in 0...255 {
      for type: UInt8 in 0...7 {
        try write([(Int16(bitPattern: UInt16(registers) * 257), registers, type), (-8, registers, type)])
        guest.state.registers[4] = registers % 2 == 0 ? .max : base + 0x1F_FFF8
        guest.state.registers[5] = UInt64.max &- UInt64(type)
        #expect(Unwinder(symbols, guest.view).frames(guest.state, guest.view).count <= Unwinder.mostFrames)
      }
    }
  }
}
