import Primitives
internal import Processor

/// How a Linux of 64 bits finds the callers of its functions: the ORC tables in its memory, which say for every place in its code
/// where the stack was before the call.
///
/// Linux' arch/x86/include/asm/orc_types.h describes an entry. Versions differ in the numbers of its types only.
/// The guest may have written anything there: sizes are bounded, and every read is checked.
struct UnwindTable: Sendable {
  /// What the previous stack pointer is reckoned from.
  enum Base: UInt8 { case undefined, previousStack, dx, di, bp, sp, r10, r13, atBP, atSP }
  enum Kind { case call, registers, interruptFrame, end }

  struct Entry {
    let stackOffset: Int16
    let frameOffset: Int16
    let stackBase: Base
    let frameBase: Base
    let kind: Kind
  }

  static let symbols = ["__start_orc_unwind_ip", "__stop_orc_unwind_ip", "__start_orc_unwind"]
  private static let entrySize = 6
  private static let mostEntries = 4 << 20

  /// For each entry where it begins to hold, as a distance from its own place in memory.
  private let places: [UInt8]
  private let start: UInt64
  private let entries: [UInt8]
  private let count: Int
  /// Which type a function has that was called: the most frequent one.
  private let callType: UInt8

  /// Nil where a kernel has none, or does not name it.
  init?(of symbols: KernelSymbols, _ memory: LinearMemory) {
    let found = symbols.addresses(of: Self.symbols)
    guard let start = found[0], let end = found[1], let table = found[2], start < end, end - start <= UInt64(4 * Self.mostEntries) else { return nil }
    let count = Int(end - start) / 4
    places = memory.bytes(4 * count, at: start)
    entries = memory.bytes(Self.entrySize * count, at: table)
    guard count > 1, places.count == 4 * count, entries.count == Self.entrySize * count else { return nil }
    (self.start, self.count) = (start, count)
    var types = [Int](repeating: 0, count: 8)
    for number in stride(from: 0, to: count, by: max(1, count / 1024)) where entries[Self.entrySize * number + 4] & 15 == Base.sp.rawValue {
      types[Int(entries[Self.entrySize * number + 5] & 7)] += 1
    }
    callType = types[2] > types[0] ? 2 : 0
  }

  private func place(_ number: Int) -> UInt64 {
    let distance = places.load(UInt32.self, at: 4 * number) ?? 0
    return start &+ UInt64(4 * number) &+ UInt64(bitPattern: Int64(Int32(bitPattern: distance)))
  }

  /// What holds at an address of the kernel's own code.
  func entry(at address: UInt64) -> Entry? {
    guard address >= place(0), address < place(count - 1) else { return nil }
    let at = Self.entrySize * ((0..<count).firstIndexBehind { place($0) <= address } - 1)
    guard let stackOffset = entries.load(UInt16.self, at: at), let frameOffset = entries.load(UInt16.self, at: at + 2),
      let stackBase = Base(rawValue: entries[at + 4] & 15), let frameBase = Base(rawValue: entries[at + 4] >> 4)
    else { return nil }
    return Entry(
      stackOffset: Int16(bitPattern: stackOffset), frameOffset: Int16(bitPattern: frameOffset), stackBase: stackBase, frameBase: frameBase,
      kind: kind(entries[at + 5]))
  }

  private func kind(_ bits: UInt8) -> Kind {
    // Before 6.4 two bits for a call and two kinds of frames; since then three, and an undefined one and an end before them.
    switch callType == 0 ? bits & 3 : bits & 7 {
    case callType: .call
    case callType + 1: .registers
    case callType + 2: .interruptFrame
    default: .end
    }
  }
}
