/// A list of host instructions under construction.
struct HostCode {
  private(set) var bytes: [UInt8] = []

  mutating func emit(_ list: UInt8...) { bytes += list }
  mutating func emit32(_ value: Int32) {
    let word = UInt32(bitPattern: value)
    for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  /// The rest of an instruction after its opcode: a register, and memory at `[base + offset]`.
  mutating func operand(_ reg: UInt8, _ base: UInt8, _ offset: Int) {
    emit((offset == 0 ? 0 : 0x80) | reg << 3 | base)
    if offset != 0 { emit32(Int32(truncatingIfNeeded: offset)) }
  }

  /// An instruction whose register field is `reg` and whose operand is memory at `[rdi + offset]`.
  mutating func rdi(wide: Bool = false, _ opcode: [UInt8], reg: UInt8, offset: Int) {
    let rex = 0x40 | (wide ? 8 : 0) | (reg >> 3 & 1) << 2
    if rex != 0x40 { bytes.append(rex) }
    bytes += opcode
    bytes.append(0x80 | (reg & 7) << 3 | 7)
    emit32(Int32(truncatingIfNeeded: offset))
  }

  /// The same with memory at a fixed distance from the start of this code.
  mutating func relative(wide: Bool = false, _ opcode: [UInt8], reg: UInt8, to target: Int) {
    let rex = 0x40 | (wide ? 8 : 0) | (reg >> 3 & 1) << 2
    if rex != 0x40 { bytes.append(rex) }
    bytes += opcode
    bytes.append((reg & 7) << 3 | 5)
    emit32(Int32(truncatingIfNeeded: target - (bytes.count + 4)))
  }

  mutating func pad(to count: Int, with filler: UInt8 = 0x90) {
    if bytes.count < count { bytes += [UInt8](repeating: filler, count: count - bytes.count) }
  }
}
