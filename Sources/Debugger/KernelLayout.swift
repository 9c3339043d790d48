import Primitives

/// What the symbols of a Linux have to do with the width of its addresses.
public struct KernelLayout: Sendable {
  /// How long an address is; tables begin at multiples of it.
  let word: Int
  /// Where the kernel maps itself.
  let window: ClosedRange<UInt64>
  /// Stacks are so large, and aligned to that.
  let stackSize: UInt64

  static let wide = KernelLayout(word: 8, window: 0xFFFF_FFFF_8000_0000...0xFFFF_FFFF_BFFF_FFFF, stackSize: 16 << 10)
  /// Physical memory is mapped from the window's start on, and the kernel lies somewhere in it.
  static let narrow = KernelLayout(word: 4, window: 0xC000_0000...0xFFFF_EFFF, stackSize: 8 << 10)

  func aligned(_ offset: Int) -> Int { (offset + word - 1) & ~(word - 1) }
}

extension KernelLayout {
  func address(in bytes: [UInt8], at offset: Int) -> UInt64? {
    word == 8 ? bytes.load(UInt64.self, at: offset) : bytes.load(UInt32.self, at: offset).map(UInt64.init)
  }

  /// An entry of an ELF file's symbol table.
  var symbolSize: Int { word == 8 ? 24 : 16 }

  /// Where such a symbol begins and how long it is.
  func extent(in table: [UInt8], ofSymbolAt place: Int) -> (start: UInt64, size: UInt64)? {
    guard let start = address(in: table, at: place + (word == 8 ? 8 : 4)), let size = address(in: table, at: place + (word == 8 ? 16 : 8))
    else { return nil }
    return (start, size)
  }
}
