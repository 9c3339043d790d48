public import Primitives

/// Software reached for a model-specific register, or a value, that is not there.
public struct GeneralProtection: Error, Equatable, Sendable { public init() {} }

extension LocalAPIC {
  /// Registers by number: the memory offset divided by 16, or the MSR less 0x800.
  enum Register: UInt32 {
    case id = 0x02, version = 0x03
    case taskPriority = 0x08, arbitration = 0x09, processorPriority = 0x0A, endOfInterrupt = 0x0B
    case logicalID = 0x0D, destinationFormat = 0x0E, spurious = 0x0F
    case errors = 0x28, command = 0x30, commandHigh = 0x31
    case timer = 0x32, thermal, performance, line0, line1, error
    case initialCount = 0x38, currentCount = 0x39, divide = 0x3E, selfInterrupt = 0x3F
  }

  // MARK: In memory

  /// A read from the APIC's page. Registers lie 16 bytes apart.
  public mutating func read(_ width: AccessWidth, at offset: Int, now: Instant) -> UInt64 {
    guard (0..<0x1000).contains(offset) else { return width.ones }
    let place = offset & 15
    guard place + width.byteCount <= 4 else { return 0 }
    return UInt64(readMemory(UInt32(truncatingIfNeeded: offset >> 4), now)) >> UInt64(place * 8) & width.mask
  }

  /// A write to the APIC's page; only whole aligned registers can be written.
  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, now: Instant) -> Effect? {
    guard (0..<0x1000).contains(offset), offset & 15 == 0, width == .dword else { return nil }
    let value = UInt32(truncatingIfNeeded: value)
    guard let register = Register(rawValue: UInt32(truncatingIfNeeded: offset >> 4)), register != .selfInterrupt
    else {
      fail(.illegalRegister)
      return nil
    }
    switch register {
    case .logicalID: logicalID = UInt8(truncatingIfNeeded: value >> 24)
    case .destinationFormat: destinationFormat = value | 0x0FFF_FFFF
    case .commandHigh: command[bits: 32...63] = UInt64(value & 0xFF00_0000)
    case .command:
      command[bits: 0...31] = UInt64(value)
      return send(destination: UInt32(truncatingIfNeeded: command >> 56))
    default: return write(value, to: register, now)
    }
    return nil
  }

  mutating func readMemory(_ number: UInt32, _ now: Instant) -> UInt32 {
    switch Register(rawValue: number) {
    case .id: return id << 24
    case .logicalID: return UInt32(logicalID) << 24
    case .destinationFormat: return destinationFormat
    // There is no arbitration bus: its priority is the processor's.
    case .arbitration: return UInt32(processorPriority)
    case .endOfInterrupt, .selfInterrupt: return 0
    default:
      if let value = read(number, now) { return value }
      fail(.illegalRegister)
      return 0
    }
  }

  // MARK: As model-specific registers

  /// RDMSR of IA32_APIC_BASE, IA32_TSC_DEADLINE or an x2APIC register.
  public mutating func readRegister(msr: UInt32, now: Instant) throws(GeneralProtection) -> UInt64 {
    switch msr {
    case 0x1B: return base
    case 0x6E0: return timer.tscDeadline
    case 0x800...0x83F where access == .registers:
      switch Register(rawValue: msr & 0x3F) {
      case .id: return UInt64(id)
      case .logicalID: return UInt64(extendedLogicalID)
      case .command: return command
      case .arbitration, .endOfInterrupt, .destinationFormat, .commandHigh, .selfInterrupt:
        throw GeneralProtection()
      default:
        guard let value = read(msr & 0x3F, now) else { throw GeneralProtection() }
        return UInt64(value)
      }
    default: throw GeneralProtection()
    }
  }

  /// WRMSR of the same.
  public mutating func writeRegister(
    msr: UInt32, _ value: UInt64, now: Instant
  ) throws(GeneralProtection) -> Effect? {
    switch msr {
    case 0x1B: try setBase(value)
    case 0x6E0: timer.setDeadline(value, at: now)
    case 0x800...0x83F where access == .registers:
      guard let register = Register(rawValue: msr & 0x3F) else { throw GeneralProtection() }
      return try writeExtended(value, to: register, now)
    default: throw GeneralProtection()
    }
    advance(to: now)
    return nil
  }

  private mutating func writeExtended(
    _ value: UInt64, to register: Register, _ now: Instant
  ) throws(GeneralProtection) -> Effect? {
    if register == .command {
      command = value & ~(1 << 12)
      return send(destination: UInt32(truncatingIfNeeded: value >> 32))
    }
    guard let value = UInt32(exactly: value) else { throw GeneralProtection() }
    switch register {
    case .id, .version, .arbitration, .processorPriority, .logicalID, .destinationFormat, .commandHigh,
      .currentCount:
      throw GeneralProtection()
    case .endOfInterrupt, .errors:
      guard value == 0 else { throw GeneralProtection() }
      return write(value, to: register, now)
    case .selfInterrupt:
      guard value <= 0xFF else { throw GeneralProtection() }
      accept(UInt8(truncatingIfNeeded: value))
      return nil
    default: return write(value, to: register, now)
    }
  }

  /// IA32_APIC_BASE: address, and bits 8 first processor, 10 x2APIC, 11 on.
  var base: UInt64 {
    var value = baseAddress
    value[bit: 8] = isBootstrap
    value[bit: 10] = access == .registers
    value[bit: 11] = access != .disabled
    return value
  }

  /// Where its page is, while it is reached through memory.
  public var memoryBase: UInt64? { access == .memory ? baseAddress : nil }

  private mutating func setBase(_ value: UInt64) throws(GeneralProtection) {
    guard value & 0x2FF == 0 || value & 0x2FF == 0x100 && isBootstrap, value >> 52 == 0 else {
      throw GeneralProtection()
    }
    let new: Access
    switch (value[bit: 11], value[bit: 10]) {
    case (false, false): new = .disabled
    case (true, false): new = .memory
    case (true, true): new = .registers
    case (false, true): throw GeneralProtection()
    }
    // The way back from x2APIC mode, and the way into it, lead through the other modes.
    if access == .registers, new == .memory { throw GeneralProtection() }
    if access == .disabled, new == .registers { throw GeneralProtection() }
    if new == .disabled, access != .disabled { resetRegisters() }
    access = new
    baseAddress = value & ~0xFFF
  }

  // MARK: In both forms

  private mutating func read(_ number: UInt32, _ now: Instant) -> UInt32? {
    switch number {
    case 0x10...0x17: return inService.words[Int(number & 7)]
    case 0x18...0x1F: return levels.words[Int(number & 7)]
    case 0x20...0x27: return requested.words[Int(number & 7)]
    default: break
    }
    switch Register(rawValue: number) {
    // An integrated APIC with six local vectors.
    case .version: return 0x0005_0014
    case .taskPriority: return UInt32(taskPriority)
    case .processorPriority: return UInt32(processorPriority)
    case .spurious: return spurious
    case .errors: return visibleErrors
    case .command: return UInt32(truncatingIfNeeded: command)
    case .commandHigh: return UInt32(truncatingIfNeeded: command >> 32)
    case .timer: return local.timer
    case .thermal: return local.thermal
    case .performance: return local.performance
    case .line0: return local.line0
    case .line1: return local.line1
    case .error: return local.error
    case .initialCount: return timer.initialCount
    case .currentCount:
      advance(to: now)
      return timer.currentCount(at: now)
    case .divide: return timer.divideRegister
    default: return nil
    }
  }

  private mutating func write(_ value: UInt32, to register: Register, _ now: Instant) -> Effect? {
    let mask = isEnabled ? 0 : LocalVectors.maskBit
    switch register {
    case .taskPriority: taskPriority = UInt8(truncatingIfNeeded: value)
    case .endOfInterrupt: return endOfInterrupt()
    case .spurious:
      spurious = value & 0x1FF
      if !isEnabled { local.maskAll() }
    case .errors: (visibleErrors, errors) = (errors, 0)
    case .timer:
      local.timer = value & 0x7_00FF | mask
      timer.mode = LocalTimer.Mode(rawValue: value >> 17 & 3) ?? .oneShot
    case .thermal: local.thermal = value & 0x1_07FF | mask
    case .performance: local.performance = value & 0x1_07FF | mask
    case .line0: local.line0 = value & 0x1_A7FF | mask
    case .line1: local.line1 = value & 0x1_A7FF | mask
    case .error: local.error = value & 0x1_00FF | mask
    case .initialCount: timer.start(value, at: now)
    case .divide: timer.divide(value, at: now)
    default: return nil
    }
    return nil
  }

  /// ICR: what was written to it goes out.
  private mutating func send(destination: UInt32) -> Effect? {
    command[bit: 12] = false
    let vector = UInt8(truncatingIfNeeded: command)
    guard let mode = DeliveryMode(rawValue: UInt8(truncatingIfNeeded: command[bits: 8...10])) else { return nil }
    // The other half of an INIT, which only old buses needed.
    if mode == .initialize, command[bit: 15], !command[bit: 14] { return nil }
    if mode == .fixed || mode == .lowestPriority, vector < 16 {
      fail(.illegalVectorSent)
      return nil
    }
    let toAll = access == .memory && destination == 0xFF
    let audience: InterruptMessage.Audience =
      switch command[bits: 18...19] {
      case 1: .sender
      case 2: .everyone
      case 3: .everyoneElse
      default: command[bit: 11] ? .logical(destination) : .physical(toAll ? .max : destination)
      }
    return .send(InterruptMessage(audience, mode: mode, vector: vector))
  }

  // MARK: Timer

  /// When `advance` must be called next.
  public var deadline: Instant? { timer.expiry }

  public mutating func advance(to now: Instant) {
    guard timer.expire(at: now), !local.timer[bit: 16] else { return }
    accept(UInt8(truncatingIfNeeded: local.timer))
  }

  /// What the guest's time-stamp counter shows beyond the ticks since power-on.
  public mutating func setTimeStampOffset(_ offset: UInt64, now: Instant) {
    timer.setOffset(offset, at: now)
  }
}
