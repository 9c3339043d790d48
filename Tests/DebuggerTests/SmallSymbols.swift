import GuestRAM
import Primitives
import Processor

/// The symbol tables of a kernel with a few hundred functions of 16 bytes each, in memory at its usual address.
struct SmallSymbols {
  static let base: UInt64 = 0xFFFF_FFFF_8100_0000
  static let narrowBase: UInt64 = 0xC100_0000
  static let count = 600
  let memory: GuestMemory
  var state = ProcessorState.reset

  /// The tables, the way Linux 6.1 or 6.12 lays them out, from a multiple of 8 on; of a kernel of 64 bits, or of 32.
  ///
  /// - Parameter named: symbols that have a name of their own, by their numbers.
  static func tables(newer: Bool, isWide: Bool = true, named: [Int: String] = [:]) -> [UInt8] {
    var tokens: [[UInt8]] = (0..<256).map { $0 > 0x20 && $0 < 0x7F ? [UInt8($0)] : [0x7A, 0x5F] }
    tokens[1] = Array("function_".utf8)
    let tokenBytes = tokens.map { $0 + [0] }
    var index: [UInt8] = []
    var start = 0
    for token in tokenBytes {
      index.append(littleEndian: UInt16(start))
      start += token.count
    }
    var names: [UInt8] = []
    var markers: [UInt8] = []
    var offsets: [UInt8] = []
    for number in 0..<count {
      if number % 256 == 0 { markers.append(littleEndian: UInt32(names.count)) }
      // Two per-CPU symbols come first; one name has more than 127 tokens.
      let tail = number == 5 ? [UInt8](repeating: 0x78, count: 150) : Array(String(number).utf8)
      let name = [UInt8(ascii: "t")] + (named[number].map { Array($0.utf8) } ?? [1] + tail)
      if name.count > 127 { names += [UInt8(name.count & 0x7F | 0x80), UInt8(name.count >> 7)] } else { names.append(UInt8(name.count)) }
      names += name
      let offset = number < 2 ? number * 64 : -1 - (number - 2) * 16
      // 32 bits have no per-CPU symbols of their own kind.
      offsets.append(littleEndian: UInt32(truncatingIfNeeded: isWide ? offset : max(0, number - 2) * 16))
    }
    func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: -bytes.count & (isWide ? 7 : 3)) }
    var number: [UInt8] = []
    var place: [UInt8] = []
    if isWide {
      number.append(littleEndian: UInt64(count))
      place.append(littleEndian: base)
    } else {
      number.append(littleEndian: UInt32(count))
      place.append(littleEndian: UInt32(narrowBase))
    }
    let front = number + padded(names) + padded(markers)
    let strings = padded(tokenBytes.flatMap(\.self)) + index
    return newer ? front + strings + padded(offsets) + place : padded(offsets) + place + front + strings
  }

  /// Two MiB of kernel at physical 2 MiB, with the tables 64 KiB into it.
  init(_ tables: [UInt8], isWide: Bool = true) throws {
    memory = try GuestMemory(size: 8 << 20)
    try memory.write(tables, at: 0x21_0000)
    (state.cr0, state.cr3) = (0x8000_0001, 0x1000)
    guard isWide else {
      // One page of 4 MiB, from the beginning of memory on.
      state.cr4 = 0x10
      try memory.store(UInt32(0x83), at: 0x1C10)
      return
    }
    try memory.store(UInt64(0x2003), at: 0x1FF8)
    try memory.store(UInt64(0x3003), at: 0x2FF0)
    try memory.store(UInt64(0x20_0083), at: 0x3040)
    state.cr4 = 0x20
    state.efer = 0x500
  }

  var view: LinearMemory { LinearMemory(state, memory) }
}
