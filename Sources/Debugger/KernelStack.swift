import Primitives
internal import Processor

/// What lies on a kernel's stack from some place on.
struct KernelStack {
  /// A word that returns to behind a call.
  struct Return {
    /// Where on the stack what lies above it begins.
    let above: UInt64
    let address: UInt64
    let symbol: KernelSymbols.Symbol
  }

  private let start: UInt64
  private let bytes: [UInt8]
  private let memory: LinearMemory
  private let symbols: KernelSymbols

  init(from place: UInt64, _ memory: LinearMemory, _ symbols: KernelSymbols) {
    let layout = symbols.layout
    start = place & ~UInt64(layout.word - 1)
    // Stacks are aligned to their size.
    bytes = memory.bytes(Int(layout.stackSize - start % layout.stackSize), at: start)
    (self.memory, self.symbols) = (memory, symbols)
  }

  /// Those that there are, found one by one.
  var returns: some Sequence<Return> {
    let layout = symbols.layout
    return stride(from: 0, to: bytes.count - layout.word + 1, by: layout.word).lazy.compactMap { offset in
      guard let address = layout.address(in: bytes, at: offset), let symbol = symbols.symbol(at: address), symbol.offset > 0,
        Self.follows(call: address, memory)
      else { return nil }
      return Return(above: start &+ UInt64(offset + layout.word), address: address, symbol: symbol)
    }
  }

  /// Whether a call instruction ends at an address: E8 with four bytes, or FF /2 with up to five.
  static func follows(call address: UInt64, _ memory: LinearMemory) -> Bool {
    let code = memory.bytes(7, at: address &- 7)
    guard code.count == 7 else { return false }
    return code[2] == 0xE8 || (0...5).contains { code[$0] == 0xFF && code[$0 + 1] & 0x38 == 0x10 }
  }
}
