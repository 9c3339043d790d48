extension Core {
  /// The linear address of an instruction's memory operand, after segmentation.
  @inline(__always) func effectiveAddress(_ i: Instruction) -> UInt64 {
    let offset = load(Int(i.base), as: UInt64.self) &+ load(Int(i.index), as: UInt64.self) << UInt64(i.scale) &+ i.displacement
    return i.prefixes.contains(.plainAddress) ? offset : truncated(offset, i.addressWidth)
  }

  @inline(__always) func truncated(_ offset: UInt64, _ width: UInt8) -> UInt64 {
    width == 8 ? offset : width == 4 ? offset & 0xFFFF_FFFF : offset & 0xFFFF
  }

  @inline(__always) func linear(_ i: Instruction, _ count: Int, write: Bool) throws(Fault) -> UInt64 {
    let offset = effectiveAddress(i)
    if i.prefixes.contains(.plainAddress) { return offset }
    return try linear(i.segment, offset, count, write: write)
  }

  // MARK: Linear memory

  @inline(__always) func readHost(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
    unsafe host(Int(truncatingIfNeeded: self[.readTable]), address, count)
  }
  @inline(__always) func writeHost(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
    unsafe host(Int(truncatingIfNeeded: self[.writeTable]), address, count)
  }
  /// The soft TLB: one subtraction tells both the page and that the access does not leave it.
  @inline(__always) func host(_ table: Int, _ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
    let line = table &+ Int(truncatingIfNeeded: address >> 8 & SoftTLB.lineMask)
    guard address &- load(line, as: UInt64.self) <= UInt64(4096 &- count) else { return nil }
    return unsafe UnsafeMutableRawPointer(bitPattern: UInt(address &+ load(line &+ 8, as: UInt64.self)))
  }

  @inline(__always) func read<T: RegisterWidth>(_ address: UInt64, _: T.Type = T.self) throws(Fault) -> T {
    if let p = unsafe readHost(address, T.bitWidth / 8) { return unsafe p.loadUnaligned(as: T.self) }
    return T(truncatingIfNeeded: try readSlowly(address, T.bitWidth / 8))
  }

  @inline(__always) func write<T: RegisterWidth>(_ address: UInt64, _ value: T) throws(Fault) {
    if let p = unsafe writeHost(address, T.bitWidth / 8) { return unsafe p.storeBytes(of: value, as: T.self) }
    try writeSlowly(address, UInt64(truncatingIfNeeded: value), T.bitWidth / 8)
  }

  /// Reads an instruction's memory operand.
  @inline(__always) func readOperand<T: RegisterWidth>(_ i: Instruction, _: T.Type = T.self) throws(Fault) -> T {
    try read(linear(i, T.bitWidth / 8, write: false))
  }
  @inline(__always) func writeOperand<T: RegisterWidth>(_ i: Instruction, _ value: T) throws(Fault) {
    try write(linear(i, T.bitWidth / 8, write: true), value)
  }

  /// The operand of 2, 4 or 8 bytes that ModRM.rm names.
  @inline(__always) func operand(_ i: Instruction) throws(Fault) -> UInt64 {
    if !i.isMemory { return i.width == 8 ? self[register: Int(i.rm)] : self[register: Int(i.rm)] & (i.width == 4 ? 0xFFFF_FFFF : 0xFFFF) }
    return switch i.width {
    case 2: UInt64(try readOperand(i, UInt16.self))
    case 4: UInt64(try readOperand(i, UInt32.self))
    default: try readOperand(i)
    }
  }

  /// Reads 2, 4 or 8 bytes at a linear address.
  func readNumber(_ address: UInt64, _ width: UInt8) throws(Fault) -> UInt64 {
    switch width {
    case 2: UInt64(try read(address, UInt16.self))
    case 4: UInt64(try read(address, UInt32.self))
    default: try read(address, UInt64.self)
    }
  }

  /// 16 bytes, low half first; nothing is written unless all of it can be.
  func readPair(_ address: UInt64) throws(Fault) -> (low: UInt64, high: UInt64) {
    (try read(address), try read(address &+ 8))
  }
  func writePair(_ address: UInt64, _ low: UInt64, _ high: UInt64) throws(Fault) {
    if address & 0xFFF > 4080 { try probe(address, 16, write: true) }
    try write(address, low)
    try write(address &+ 8, high)
  }
}
