import Primitives
public import Processor

/// Where a processor is in its kernel, and which calls may have led there.
public enum Backtrace {
  private static let mostCalls = 40

  /// One line each: where the processor is, then what lies on the stack and returns to after a call. As in the
  /// kernel's own traces, a question mark says that it may be left from an earlier call.
  public static func lines(_ state: ProcessorState, _ memory: LinearMemory, _ symbols: KernelSymbols) -> [String] {
    guard let place = symbols.symbol(at: state.rip) else { return [] }
    var lines = [place.description]
    let layout = symbols.layout
    let sp = state.registers[4] & ~UInt64(layout.word - 1)
    // Kernel stacks are aligned to their size.
    let stack = memory.bytes(Int(layout.stackSize - sp % layout.stackSize), at: sp)
    for offset in stride(from: 0, to: stack.count - layout.word + 1, by: layout.word) where lines.count < mostCalls {
      guard let address = layout.address(in: stack, at: offset), let symbol = symbols.symbol(at: address), symbol.offset > 0,
        follows(call: address, memory)
      else { continue }
      lines.append("? \(symbol)")
    }
    return lines
  }

  /// Whether a call instruction ends at an address: E8 with four bytes, or FF /2 with up to five.
  static func follows(call address: UInt64, _ memory: LinearMemory) -> Bool {
    let code = memory.bytes(7, at: address &- 7)
    guard code.count == 7 else { return false }
    return code[2] == 0xE8 || (0...5).contains { code[$0] == 0xFF && code[$0 + 1] & 0x38 == 0x10 }
  }
}
