/// The registers of the machine-check architecture. No machine check ever happens here: they keep what may be written.
struct MachineCheckBanks {
  private static let count: UInt64 = 4
  private static let capabilities: UInt32 = 0x179
  private static let globalStatus: UInt32 = 0x17A
  /// Four registers for each bank: control, status, address, more about it.
  private static let banks = 0x400..<0x400 + UInt32(count) * 4

  private var status: UInt64 = 0
  private var values = [UInt64](repeating: 0, count: banks.count)

  /// Nil where there is no such register.
  func value(_ msr: UInt32) -> UInt64? {
    switch msr {
    case Self.capabilities: Self.count
    case Self.globalStatus: status
    default: Self.banks.contains(msr) ? values[Int(msr - Self.banks.lowerBound)] : nil
    }
  }

  /// False where there is no such register, or none that takes the value.
  mutating func set(_ msr: UInt32, _ value: UInt64) -> Bool {
    if msr == Self.globalStatus {
      status = value
      return true
    }
    guard Self.banks.contains(msr) else { return false }
    // All errors of a bank are reported or none, and a status can only be cleared.
    switch msr & 3 {
    case 0: guard value == 0 || value == .max else { return false }
    case 1: guard value == 0 else { return false }
    default: break
    }
    values[Int(msr - Self.banks.lowerBound)] = value
    return true
  }
}
