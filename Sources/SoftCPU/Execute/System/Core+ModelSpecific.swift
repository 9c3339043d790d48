internal import GuestRAM
internal import Primitives
internal import Time

/// Model-specific registers. One that does not exist raises #GP, which kernels expect when they probe.
extension Core {
  /// Registers that are only kept.
  private func field(of msr: UInt32) -> Field? {
    switch msr {
    case 0x174: .sysenterCS
    case 0x175: .sysenterSP
    case 0x176: .sysenterIP
    case 0x1A0: .miscEnable
    case 0x277: .pat
    case 0xC000_0080: .efer
    case 0xC000_0081: .star
    case 0xC000_0082: .lstar
    case 0xC000_0083: .cstar
    case 0xC000_0084: .sfmask
    case 0xC000_0102: .kernelGSBase
    case 0xC000_0103: .tscAux
    case 0x4B56_4D00: .kvmWallClock
    case 0x4B56_4D01: .kvmClock
    default: nil
    }
  }

  /// What registers of AMD's processors say that kernels touch without asking; they ignore writes.
  private static func fixedValue(_ msr: UInt32) -> UInt64? {
    switch msr {
    // HWCR: the time-stamp counter has the pace of P0, that is, a constant one.
    case 0xC001_0015: 1 << 24
    // Microcode revision, SYSCFG, NB_CFG, interrupt pending, BU_CFG2, DE_CFG.
    case 0x8B, 0xC001_0010, 0xC001_001F, 0xC001_0055, 0xC001_102A, 0xC001_1029: 0
    default: nil
    }
  }

  func readModelSpecific() throws(Fault) {
    try requireSystem()
    setPair(try readMSR(UInt32(truncatingIfNeeded: self[.rcx])))
  }

  func writeModelSpecific(_ i: Instruction) throws(Fault) {
    try requireSystem()
    try writeMSR(UInt32(truncatingIfNeeded: self[.rcx]), pair)
    leave(to: i.next)
  }

  func readMSR(_ msr: UInt32) throws(Fault) -> UInt64 {
    if let field = field(of: msr) { return self[field] }
    switch msr {
    case 0x10: return context.timeStamp
    case 0xC000_0100: return segmentBase(.fs)
    case 0xC000_0101: return segmentBase(.gs)
    case 0x1B, 0x6E0, 0x800...0x83F: return try context.environment.interrupts.readMSR(msr)
    default:
      guard let value = context.plainRegisters.value(msr) ?? Self.fixedValue(msr) else { throw .protection }
      return value
    }
  }

  func writeMSR(_ msr: UInt32, _ value: UInt64) throws(Fault) {
    switch msr {
    case 0xC000_0080: return try writeFeatures(value)
    case 0x175, 0x176, 0xC000_0100, 0xC000_0101, 0xC000_0102, 0xC000_0082, 0xC000_0083:
      guard Self.isCanonical(value) else { throw .protection }
      if msr == 0xC000_0100 { return setSegmentBase(.fs, value) }
      if msr == 0xC000_0101 { return setSegmentBase(.gs, value) }
    case 0x277:
      let types: Set<UInt64> = [0, 1, 4, 5, 6, 7]
      guard (0..<8).allSatisfy({ types.contains(value >> UInt64($0 * 8) & 0xFF) }) else { throw .protection }
    case 0x1B, 0x6E0, 0x800...0x83F:
      if msr == 0x1B, value >> Self.physicalBits != 0 { throw .protection }
      try context.environment.interrupts.writeMSR(msr, value)
      if msr == 0x1B { self[.apicPage] = context.environment.interrupts.page }
      return
    case 0x10:
      context.timeStamp = value
      return
    case 0x4B56_4D00: writeWallClock(at: value)
    case 0x4B56_4D01: if value & 1 != 0 { writeClock(at: value & ~1) }
    default: break
    }
    guard let field = field(of: msr) else {
      guard context.plainRegisters.set(msr, value) || Self.fixedValue(msr) != nil else { throw .protection }
      return
    }
    self[field] = value
  }

  /// EFER, of which LMA is the processor's.
  private func writeFeatures(_ value: UInt64) throws(Fault) {
    let existing = EFER.systemCalls | EFER.longMode | EFER.longModeActive | EFER.executeDisable | EFER.automaticIBRS
    guard value & ~existing == 0 else { throw .protection }
    guard (value ^ self[.efer]) & EFER.longMode == 0 || self[.cr0] & CR0.paging == 0 else { throw .protection }
    self[.efer] = value & ~EFER.longModeActive | self[.efer] & EFER.longModeActive
    flushTranslations()
    updateMode()
  }

  // MARK: KVM's clock

  /// Writes a record where the guest wants it; as on KVM, nothing is written unless all of it lies in RAM.
  private func writeRecord(at place: UInt64, _ fields: [(value: UInt64, count: Int)]) {
    let bytes = fields.flatMap { field in (0..<field.count).map { UInt8(truncatingIfNeeded: field.value >> UInt64(8 * $0)) } }
    try? context.environment.memory.ram.write(bytes, at: GuestAddress(place))
  }

  /// The guest's record of time: since the counter ticks in nanoseconds and never changes its pace, once is enough.
  private func writeClock(at place: UInt64) {
    let now = context.environment.clock.now.nanoseconds
    let (version, isStable): (UInt64, UInt64) = (2, 1)
    // Nanoseconds are ticks << 1 * 2^31 >> 32.
    let (scale, shift): (UInt64, UInt64) = (1 << 31, 1)
    writeRecord(at: place, [(version, 8), (context.timeStamp, 8), (now, 8), (scale, 4), (shift, 1), (isStable, 1)])
  }

  /// What time it was when the clock showed zero.
  private func writeWallClock(at place: UInt64) {
    let start = context.environment.clock.wallStart
    let version: UInt64 = 2
    writeRecord(at: place, [(version, 4), (start / 1_000_000_000, 4), (start % 1_000_000_000, 4)])
  }
}
