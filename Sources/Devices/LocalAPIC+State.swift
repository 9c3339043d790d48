public import Primitives

/// A local APIC's registers, taken out whole and put into another one.
extension LocalAPIC {
  /// The registers as they lie in memory, 16 bytes apart.
  public mutating func page(now: Instant) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: 64 * 16)
    for number in 0..<64 as Range<UInt32> where isKept(number) {
      let value = readMemory(number, now)
      for byte in 0..<4 { page[Int(number) * 16 + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8)) }
    }
    return page
  }

  /// Registers that are there, and are read without any effect.
  private func isKept(_ number: UInt32) -> Bool {
    if (0x10...0x27).contains(number) { return true }
    return switch Register(rawValue: number) {
    case nil, .arbitration, .processorPriority, .endOfInterrupt, .selfInterrupt: false
    default: true
    }
  }

  /// Waits for a start-up message, or not, with so many non-maskable interrupts for the processor, which handles one or not.
  public mutating func restore(awaitsStartUp: Bool, nonMaskablesPending: UInt8, isNonMaskableHandled: Bool) {
    self.awaitsStartUp = awaitsStartUp
    self.nonMaskablesPending = min(nonMaskablesPending, isNonMaskableHandled ? 1 : 2)
    self.isNonMaskableHandled = isNonMaskableHandled
    (initializePending, startUpPending) = (false, nil)
  }

  /// Becomes what another local APIC was, but for its own number. Values that none could have are made into some that can.
  ///
  /// - Parameter base: IA32_APIC_BASE.
  public mutating func restore(page: [UInt8], base: UInt64, deadline: UInt64, now: Instant) {
    func register(_ register: Register) -> UInt32 { word(Int(register.rawValue)) }
    func word(_ number: Int) -> UInt32 { page.load(UInt32.self, at: number * 16) ?? 0 }
    access = !base[bit: 11] ? .disabled : base[bit: 10] ? .registers : .memory
    baseAddress = base & 0xF_FFFF_FFFF_F000
    spurious = register(.spurious) & 0x1FF
    taskPriority = UInt8(truncatingIfNeeded: register(.taskPriority))
    logicalID = UInt8(truncatingIfNeeded: register(.logicalID) >> 24)
    destinationFormat = register(.destinationFormat) | 0x0FFF_FFFF
    command = UInt64(register(.commandHigh)) << 32 | UInt64(register(.command) & ~(1 << 12))
    (errors, visibleErrors) = (0, register(.errors))
    for number in 0..<8 {
      inService.words[number] = word(0x10 + number)
      levels.words[number] = word(0x18 + number)
      requested.words[number] = word(0x20 + number)
    }
    local = LocalVectors(
      timer: register(.timer) & 0x7_00FF, thermal: register(.thermal) & 0x1_07FF, performance: register(.performance) & 0x1_07FF,
      line0: register(.line0) & 0x1_A7FF, line1: register(.line1) & 0x1_A7FF, error: register(.error) & 0x1_00FF)
    timer.restore(
      mode: LocalTimer.Mode(rawValue: register(.timer) >> 17 & 3) ?? .oneShot, divide: register(.divide),
      initial: register(.initialCount), current: register(.currentCount), deadline: deadline, at: now)
  }
}
