/// The MTRRs. Memory has one type here, so that they only keep what firmware writes.
struct MemoryTypeRanges {
  /// Eight variable ranges, fixed ranges, write-combining.
  static let capabilities: UInt64 = 0x508
  private static let variable: ClosedRange<UInt32> = 0x200...0x20F
  private static let others: [UInt32] = [
    0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F, 0x2FF,
  ]

  private var values = [UInt64](repeating: 0, count: variable.count + others.count)

  /// As firmware would leave them for a kernel that is started without one: all memory is write-back.
  init() { _ = set(0x2FF, 0xC06) }

  private static func index(_ msr: UInt32) -> Int? {
    variable.contains(msr) ? Int(msr - variable.lowerBound) : others.firstIndex(of: msr).map { variable.count + $0 }
  }

  /// Nil where there is no such register.
  func value(_ msr: UInt32) -> UInt64? {
    msr == 0xFE ? Self.capabilities : Self.index(msr).map { values[$0] }
  }

  /// False where there is no such register, or none that can be written.
  mutating func set(_ msr: UInt32, _ value: UInt64) -> Bool {
    guard let index = Self.index(msr) else { return false }
    values[index] = value
    return true
  }
}
