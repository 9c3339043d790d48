import Devices
import Primitives
import Testing

@Suite struct LocalAPICTests {
  private static func nanoseconds(_ count: UInt64) -> Instant { Instant(nanoseconds: count) }

  /// The first processor's APIC, switched on with spurious vector 0xFF.
  static func enabled(id: UInt32 = 0) -> LocalAPIC {
    var apic = LocalAPIC(id: id, isBootstrap: id == 0, tscHertz: 2_000_000_000)
    apic.put(0x1FF, 0xF0)
    return apic
  }

  /// The same in x2APIC mode.
  static func extended(id: UInt32 = 0) throws -> LocalAPIC {
    var apic = enabled(id: id)
    _ = try apic.writeRegister(msr: 0x1B, 0xFEE0_0C00, now: .start)
    return apic
  }

  // MARK: Priority

  @Test func aSwitchedOffAPICTakesNothing() {
    var apic = LocalAPIC(id: 0, isBootstrap: true, tscHertz: 1)
    apic.accept(0x40)
    #expect(apic.pending == nil)
  }

  @Test func theHighestVectorGoesFirst() {
    var apic = Self.enabled()
    apic.accept(0x31)
    apic.accept(0xEC)
    #expect(apic.get(0x210) == 1 << 17)
    #expect(apic.get(0x270) == 1 << 12)
    #expect(apic.acknowledge() == 0xEC)
    #expect(apic.get(0x170) == 1 << 12)
    #expect(apic.pending == nil)
    apic.put(0, 0xB0)
    #expect(apic.acknowledge() == 0x31)
  }

  @Test func theSameClassDoesNotNest() {
    var apic = Self.enabled()
    apic.accept(0x41)
    _ = apic.acknowledge()
    apic.accept(0x4F)
    #expect(apic.pending == nil)
    apic.accept(0x50)
    #expect(apic.pending == 0x50)
  }

  @Test func taskPriorityHoldsItsClassBack() {
    var apic = Self.enabled()
    apic.accept(0x4F)
    apic.cr8 = 4
    #expect(apic.get(0x80) == 0x40)
    #expect(apic.get(0xA0) == 0x40)
    #expect(apic.pending == nil)
    apic.put(0x3F, 0x80)
    #expect(apic.pending == 0x4F)
  }

  @Test func nothingPendingIsSpurious() {
    var apic = Self.enabled()
    #expect(apic.acknowledge() == 0xFF)
    #expect(apic.get(0x170) == 0)
  }

  @Test func onlyALevelInterruptIsReportedWhenItEnds() {
    var apic = Self.enabled()
    apic.accept(0x51, level: true)
    apic.accept(0x61)
    #expect(apic.get(0x1A0) == 1 << 17)
    _ = apic.acknowledge()
    #expect(apic.put(0, 0xB0) == nil)
    _ = apic.acknowledge()
    #expect(apic.put(0, 0xB0) == .endOfInterrupt(0x51))
    #expect(apic.put(0, 0xB0) == nil)
  }

  // MARK: Errors

  @Test func anIllegalVectorIsAnErrorThatInterrupts() {
    var apic = Self.enabled()
    apic.put(0xFE, 0x370)
    apic.accept(3)
    #expect(apic.get(0x280) == 0, "errors show after a write")
    apic.put(0, 0x280)
    #expect(apic.get(0x280) == 0x40)
    #expect(apic.pending == 0xFE)
    apic.put(0x4003, 0x300)
    apic.put(0, 0x280)
    #expect(apic.get(0x280) == 0x20)
  }

  @Test func anIllegalRegisterReadsZeroAndIsAnError() {
    var apic = Self.enabled()
    #expect(apic.get(0x3D0) == 0)
    apic.put(0, 0x280)
    #expect(apic.get(0x280) == 0x80)
  }

  @Test func oddAccessesAreIgnored() {
    var apic = Self.enabled()
    #expect(apic.read(.byte, at: 0x32, now: .start) == 0x05)
    #expect(apic.read(.qword, at: 0x30, now: .start) == 0)
    #expect(apic.read(.dword, at: 0x34, now: .start) == 0)
    #expect(apic.read(.dword, at: 0x1000, now: .start) == 0xFFFF_FFFF)
    _ = apic.write(0x40, .byte, at: 0x80, now: .start)
    _ = apic.write(0x40, .dword, at: 0x84, now: .start)
    #expect(apic.get(0x80) == 0)
  }

  @Test func switchingOffMasksAllLocalVectors() {
    var apic = Self.enabled()
    apic.put(0x30, 0x320)
    apic.put(0xFF, 0xF0)
    #expect(apic.get(0x320) == 0x1_0030)
    apic.put(0x30, 0x320)
    #expect(apic.get(0x320) == 0x1_0030)
  }

  // MARK: Sending

  @Test func commandsBecomeMessages() {
    var apic = Self.enabled()
    apic.put(3 << 24, 0x310)
    #expect(apic.put(0x40FD, 0x300) == .send(InterruptMessage(.physical(3), vector: 0xFD)))
    #expect(apic.get(0x300) == 0x40FD)
    #expect(apic.put(0x48FD, 0x300) == .send(InterruptMessage(.logical(3), vector: 0xFD)))
    #expect(apic.put(0x4400, 0x300) == .send(InterruptMessage(.physical(3), mode: .nonMaskable, vector: 0)))
    #expect(apic.put(0x4_40FD, 0x300) == .send(InterruptMessage(.sender, vector: 0xFD)))
    apic.put(0xFF << 24, 0x310)
    #expect(apic.put(0x40FD, 0x300) == .send(InterruptMessage(.physical(.max), vector: 0xFD)))
  }

  @Test func seaBIOSStartsTheOthers() {
    var apic = Self.enabled()
    #expect(apic.put(0xC4500, 0x300) == .send(InterruptMessage(.everyoneElse, mode: .initialize, vector: 0)))
    #expect(apic.put(0xC4610, 0x300) == .send(InterruptMessage(.everyoneElse, mode: .startUp, vector: 0x10)))
    #expect(apic.put(0xC8500, 0x300) == nil, "the de-assert half does nothing")
  }

  // MARK: Addressing

  @Test func physicalAddressingMeansTheId() {
    let apic = Self.enabled(id: 3)
    #expect(apic.isAddressed(by: .physical(3)))
    #expect(!apic.isAddressed(by: .physical(2)))
    #expect(apic.isAddressed(by: .physical(.max)))
    #expect(!apic.isAddressed(by: .everyoneElse, from: 3))
    #expect(apic.isAddressed(by: .everyoneElse, from: 2))
    #expect(apic.isAddressed(by: .sender, from: 3))
  }

  @Test func flatLogicalAddressingIsASet() {
    var apic = Self.enabled(id: 3)
    apic.put(0x08 << 24, 0xD0)
    #expect(apic.isAddressed(by: .logical(0x0C)))
    #expect(!apic.isAddressed(by: .logical(0x04)))
  }

  @Test func clusterLogicalAddressingIsAClusterAndASet() {
    var apic = Self.enabled(id: 3)
    apic.put(0x0FFF_FFFF, 0xE0)
    apic.put(0x28 << 24, 0xD0)
    #expect(apic.isAddressed(by: .logical(0x2C)))
    #expect(!apic.isAddressed(by: .logical(0x1C)))
    #expect(!apic.isAddressed(by: .logical(0x24)))
    #expect(apic.isAddressed(by: .logical(0xFF)))
  }

  @Test func extendedLogicalIdsFollowFromTheId() throws {
    var apic = try Self.extended(id: 0x25)
    #expect(try apic.readRegister(msr: 0x80D, now: .start) == 0x2_0020)
    #expect(apic.isAddressed(by: .logical(0x2_0021)))
    #expect(!apic.isAddressed(by: .logical(0x1_0020)))
  }

  // MARK: x2APIC

  @Test func extendedModeIsReachedAndLeftAsTheManualSays() throws {
    var apic = try Self.extended()
    #expect(try apic.readRegister(msr: 0x1B, now: .start) == 0xFEE0_0D00)
    #expect(apic.memoryBase == nil)
    #expect(throws: GeneralProtection.self) { try apic.writeRegister(msr: 0x1B, 0xFEE0_0900, now: .start) }
    _ = try apic.writeRegister(msr: 0x1B, 0xFEE0_0100, now: .start)
    #expect(throws: GeneralProtection.self) { try apic.writeRegister(msr: 0x1B, 0xFEE0_0D00, now: .start) }
    _ = try apic.writeRegister(msr: 0x1B, 0xFEE0_0900, now: .start)
    #expect(apic.memoryBase == 0xFEE0_0000)
    #expect(apic.get(0xF0) == 0xFF, "it was reset on the way")
  }

  @Test func extendedCommandIsOneWrite() throws {
    var apic = try Self.extended()
    #expect(
      try apic.writeRegister(msr: 0x830, 0x1_0000_00FD, now: .start)
        == .send(InterruptMessage(.physical(1), vector: 0xFD)))
    _ = try apic.writeRegister(msr: 0x83F, 0x77, now: .start)
    #expect(apic.pending == 0x77)
  }

  @Test(arguments: [0x802, 0x803, 0x80A, 0x80D, 0x80E, 0x831, 0x839, 0x83D, 0x840, 0x7FF] as [UInt32])
  func whatCannotBeWrittenIsAFault(msr: UInt32) throws {
    var apic = try Self.extended()
    #expect(throws: GeneralProtection.self) { try apic.writeRegister(msr: msr, 0, now: .start) }
  }

  @Test func extendedRegistersFaultInMemoryMode() {
    var apic = Self.enabled()
    #expect(throws: GeneralProtection.self) { try apic.readRegister(msr: 0x802, now: .start) }
  }

  // MARK: Start-up

  @Test func anotherProcessorStartsOnceAfterInitialize() {
    var apic = Self.enabled(id: 1)
    apic.deliver(.initialize, vector: 0)
    apic.deliver(.startUp, vector: 0x10)
    apic.deliver(.startUp, vector: 0x20)
    #expect(apic.takeInitialize() == true)
    #expect(apic.takeInitialize() == false)
    #expect(apic.get(0xF0) == 0xFF)
    #expect(apic.takeStartUp() == 0x10)
    #expect(apic.takeStartUp() == nil)
    #expect(!apic.awaitsStartUp)
  }

  // MARK: The legacy controller

  @Test func theLegacyControllerReachesTheFirstProcessorUntilMasked() throws {
    var apic = LocalAPIC(id: 0, isBootstrap: true, tscHertz: 1)
    #expect(apic.acceptsExternalInterrupts)
    #expect(!LocalAPIC(id: 1, isBootstrap: false, tscHertz: 1).acceptsExternalInterrupts)
    apic.put(0x1_0700, 0x350)
    #expect(!apic.acceptsExternalInterrupts)
    _ = try apic.writeRegister(msr: 0x1B, 0, now: .start)
    #expect(apic.acceptsExternalInterrupts, "without an APIC it is wired to the processor")
  }

  @Test func lineZeroCanCarryAVectorOrANonMaskableInterrupt() {
    var apic = Self.enabled()
    apic.put(0x31, 0x350)
    apic.setLine0(true)
    #expect(apic.pending == 0x31)
    apic.setLine0(false)
    apic.put(0x400, 0x350)
    apic.setLine0(true)
    #expect(apic.offersNonMaskable)
  }

  // MARK: Timer

  @Test func oneShotCountsNanosecondsAndStops() {
    var apic = Self.enabled()
    apic.put(0xB, 0x3E0)
    apic.put(0x30, 0x320)
    apic.put(10_000_000, 0x380)
    #expect(apic.deadline == .milliseconds(10))
    #expect(apic.get(0x390, at: Self.nanoseconds(4_000_000)) == 6_000_000)
    apic.advance(to: Self.nanoseconds(9_999_999))
    #expect(apic.pending == nil)
    apic.advance(to: .milliseconds(10))
    #expect(apic.pending == 0x30)
    #expect(apic.deadline == nil)
    #expect(apic.get(0x390, at: .seconds(1)) == 0)
  }

  @Test(arguments: [(0x0, 2), (0x1, 4), (0x3, 16), (0x8, 32), (0xA, 128), (0xB, 1)] as [(UInt64, UInt64)])
  func theDivisorSlowsTheCount(register: UInt64, divisor: UInt64) {
    var apic = Self.enabled()
    apic.put(register, 0x3E0)
    apic.put(1000, 0x380)
    #expect(apic.deadline == Self.nanoseconds(1000 * divisor))
  }

  @Test func aNewDivisorAppliesToWhatIsLeft() {
    var apic = Self.enabled()
    apic.put(0xB, 0x3E0)
    apic.put(1000, 0x380)
    apic.put(0x0, 0x3E0, at: Self.nanoseconds(400))
    #expect(apic.deadline == Self.nanoseconds(400 + 1200))
  }

  @Test func periodicGoesOnAndCountsMissedPeriodsOnce() {
    var apic = Self.enabled()
    apic.put(0xB, 0x3E0)
    apic.put(0x2_0030, 0x320)
    apic.put(1_000_000, 0x380)
    apic.advance(to: Self.nanoseconds(5_500_000))
    #expect(apic.acknowledge() == 0x30)
    #expect(apic.deadline == .milliseconds(6))
    #expect(apic.get(0x390, at: Self.nanoseconds(5_600_000)) == 400_000)
  }

  @Test("TM-01 a period of one count interrupts no faster than every 10 us")
  func tinyPeriod() {
    var apic = Self.enabled()
    apic.put(0xB, 0x3E0)
    apic.put(0x2_0030, 0x320)
    apic.put(1, 0x380)
    #expect(apic.deadline == Self.nanoseconds(10_000))
    apic.advance(to: .seconds(1))
    #expect(apic.deadline == Self.nanoseconds(1_000_010_000))
  }

  @Test func aMaskedTimerCountsInSilence() {
    var apic = Self.enabled()
    apic.put(0xB, 0x3E0)
    apic.put(0x1_0030, 0x320)
    apic.put(100, 0x380)
    apic.advance(to: .seconds(1))
    #expect(apic.pending == nil)
  }

  @Test func theDeadlineIsInTimeStampTicks() throws {
    var apic = Self.enabled()
    apic.put(0x4_0030, 0x320)
    _ = try apic.writeRegister(msr: 0x6E0, 3001, now: Self.nanoseconds(1000))
    #expect(apic.deadline == Self.nanoseconds(1501))
    #expect(try apic.readRegister(msr: 0x6E0, now: .start) == 3001)
    apic.advance(to: Self.nanoseconds(1501))
    #expect(apic.pending == 0x30)
    #expect(try apic.readRegister(msr: 0x6E0, now: .start) == 0)
  }

  @Test func aDeadlineInThePastInterruptsAtOnce() throws {
    var apic = Self.enabled()
    apic.put(0x4_0030, 0x320)
    _ = try apic.writeRegister(msr: 0x6E0, 1, now: .seconds(1))
    #expect(apic.pending == 0x30)
    _ = try apic.writeRegister(msr: 0x6E0, .max, now: .seconds(1))
    #expect(apic.deadline != nil)
    _ = try apic.writeRegister(msr: 0x6E0, 0, now: .seconds(1))
    #expect(apic.deadline == nil)
  }

  @Test func aMovedCounterMovesTheDeadline() throws {
    var apic = Self.enabled()
    apic.put(0x4_0030, 0x320)
    _ = try apic.writeRegister(msr: 0x6E0, 4000, now: .start)
    apic.setTimeStampOffset(1000, now: .start)
    #expect(apic.deadline == Self.nanoseconds(1500))
  }

  @Test func outsideDeadlineModeTheDeadlineIsIgnored() throws {
    var apic = Self.enabled()
    _ = try apic.writeRegister(msr: 0x6E0, 4000, now: .start)
    #expect(apic.deadline == nil)
  }
}

/// Accesses to the APIC's page as a guest makes them.
extension LocalAPIC {
  @discardableResult
  fileprivate mutating func put(_ value: UInt64, _ offset: Int, at now: Instant = .start) -> Effect? {
    write(value, .dword, at: offset, now: now)
  }

  fileprivate mutating func get(_ offset: Int, at now: Instant = .start) -> UInt64 {
    read(.dword, at: offset, now: now)
  }
}
