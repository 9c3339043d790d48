/// Model-specific registers that nothing here depends on: they are read as they were written.
struct PlainRegisters {
  private var memoryTypes = MemoryTypeRanges()
  private var counters = PerformanceCounters()
  private var machineChecks = MachineCheckBanks()

  /// Nil where there is no such register.
  func value(_ msr: UInt32) -> UInt64? { memoryTypes.value(msr) ?? counters.value(msr) ?? machineChecks.value(msr) }

  /// False where there is no such register, or none that takes the value.
  mutating func set(_ msr: UInt32, _ value: UInt64) -> Bool {
    memoryTypes.set(msr, value) || counters.set(msr, value) || machineChecks.set(msr, value)
  }
}
