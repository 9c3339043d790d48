/// The bytes of an instruction as they come: at most 16.
struct InstructionBytes {
  private(set) var value: UInt128 = 0
  private(set) var count = 0

  mutating func add(_ byte: UInt8) { add(UInt128(byte), 1) }

  /// Bytes that stand in a number, the first lowest.
  mutating func add(_ bytes: UInt128, _ count: Int) {
    value |= bytes &<< UInt128(8 * self.count)
    self.count += count
  }
}
