import GuestRAM
import Primitives
import Processor

/// The symbol tables of a kernel with a few hundred functions of 16 bytes each, in memory at its usual address.
struct SmallSymbols {
  static let base: UInt64 = 0xFFFF_FFFF_8100_0000
  static let count = 600
  let memory: GuestMemory
  var state = ProcessorState.reset

  /// The tables, the way Linux 6.1 or 6.12 lays them out, from a multiple of 8 on.
  static func tables(newer: Bool) -> [UInt8] {
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
      let name = [UInt8(ascii: "t"), 1] + tail
      if name.count > 127 { names += [UInt8(name.count & 0x7F | 0x80), UInt8(name.count >> 7)] } else { names.append(UInt8(name.count)) }
      names += name
      offsets.append(littleEndian: number < 2 ? UInt32(number * 64) : UInt32(truncatingIfNeeded: -1 - (number - 2) * 16))
    }
    func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: -bytes.count & 7) }
    var number: [UInt8] = []
    number.append(littleEndian: UInt64(count))
    var place: [UInt8] = []
    place.append(littleEndian: base)
    let front = number + padded(names) + padded(markers)
    let strings = padded(tokenBytes.flatMap(\.self)) + index
    return newer ? front + strings + padded(offsets) + place : padded(offsets) + place + front + strings
  }

  /// Two MiB of kernel at physical 2 MiB, with the tables 64 KiB into it.
  init(_ tables: [UInt8]) throws {
    memory = try GuestMemory(size: 8 << 20)
    try memory.store(UInt64(0x2003), at: 0x1FF8)
    try memory.store(UInt64(0x3003), at: 0x2FF0)
    try memory.store(UInt64(0x20_0083), at: 0x3040)
    try memory.write(tables, at: 0x21_0000)
    state.cr0 = 0x8000_0001
    state.cr3 = 0x1000
    state.cr4 = 0x20
    state.efer = 0x500
  }

  var view: LinearMemory { LinearMemory(state, memory) }
}
