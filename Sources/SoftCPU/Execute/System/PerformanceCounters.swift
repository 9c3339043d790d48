/// AMD's four performance counters, which kernels and hypervisors set up without asking. What they are to count is kept;
/// they have counted nothing.
struct PerformanceCounters {
  private static let selections: Range<UInt32> = 0xC001_0000..<0xC001_0004
  private static let counters: Range<UInt32> = 0xC001_0004..<0xC001_0008

  private var selected = [UInt64](repeating: 0, count: selections.count)

  /// Whether RDPMC knows a counter.
  static func exists(_ number: UInt32) -> Bool { number < counters.count }

  /// Nil where there is no such register.
  func value(_ msr: UInt32) -> UInt64? {
    if Self.counters.contains(msr) { return 0 }
    return Self.selections.contains(msr) ? selected[Int(msr - Self.selections.lowerBound)] : nil
  }

  /// False where there is no such register.
  mutating func set(_ msr: UInt32, _ value: UInt64) -> Bool {
    if Self.counters.contains(msr) { return true }
    guard Self.selections.contains(msr) else { return false }
    selected[Int(msr - Self.selections.lowerBound)] = value
    return true
  }
}
