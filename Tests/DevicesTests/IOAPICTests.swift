import DeviceModel
import Devices
import Primitives
import Testing

@Suite struct IOAPICTests {
  private static func write(_ value: UInt64, to index: UInt64, of chip: inout IOAPIC) -> [MSIMessage] {
    var cycle = Cycle(at: .start)
    chip.write(index, .dword, at: 0, &cycle)
    chip.write(value, .dword, at: 0x10, &cycle)
    return cycle.messages
  }

  private static func read(_ index: UInt64, of chip: inout IOAPIC) -> UInt64 {
    var cycle = Cycle(at: .start)
    chip.write(index, .dword, at: 0, &cycle)
    return chip.read(.dword, at: 0x10, &cycle)
  }

  private static func drive(_ level: Bool, _ pin: Int, of chip: inout IOAPIC) -> [MSIMessage] {
    var cycle = Cycle(at: .start)
    chip.setLine(pin, level, &cycle)
    return cycle.messages
  }

  private static func end(_ vector: UInt8, on chip: inout IOAPIC) -> [MSIMessage] {
    var cycle = Cycle(at: .start)
    chip.endOfInterrupt(vector, &cycle)
    return cycle.messages
  }

  /// A chip whose pin sends vector 0x51 to APIC id 3.
  private static func routed(pin: UInt64, flags: UInt64 = 0) -> IOAPIC {
    var chip = IOAPIC()
    _ = write(3 << 24, to: 0x11 + pin * 2, of: &chip)
    _ = write(0x51 | flags, to: 0x10 + pin * 2, of: &chip)
    return chip
  }

  @Test func itSaysThatItHas24Entries() {
    var chip = IOAPIC()
    #expect(Self.read(1, of: &chip) == 0x0017_0011)
    #expect(Self.read(0x10, of: &chip) == 0x1_0000, "masked at power-on")
    #expect(Self.read(0x40, of: &chip) == 0xFFFF_FFFF)
  }

  @Test func anEdgeSendsOneMessage() {
    var chip = Self.routed(pin: 4)
    #expect(Self.drive(true, 4, of: &chip) == [MSIMessage(address: 0xFEE0_3000, data: 0x51)])
    #expect(Self.drive(true, 4, of: &chip).isEmpty)
    #expect(Self.drive(false, 4, of: &chip).isEmpty)
    #expect(Self.drive(true, 4, of: &chip).count == 1)
  }

  @Test func aMaskedPinIsSilent() {
    var chip = Self.routed(pin: 4, flags: 1 << 16)
    #expect(Self.drive(true, 4, of: &chip).isEmpty)
  }

  @Test func itTellsWhichPinsAreLevelTriggeredEvenMaskedOnes() {
    var chip = Self.routed(pin: 9, flags: 1 << 15)
    _ = Self.write(0x1_8052, to: 0x10 + 11 * 2, of: &chip)
    _ = Self.write(0x53, to: 0x10 + 12 * 2, of: &chip)
    #expect(chip.levelMessages.map(\.pin) == [9, 11])
    #expect(chip.levelMessages[0].message == MSIMessage(address: 0xFEE0_3000, data: 0xC051))
  }

  @Test func aLevelIsSentAgainUntilTheLineFalls() {
    var chip = Self.routed(pin: 20, flags: 0x8000)
    #expect(Self.drive(true, 20, of: &chip) == [MSIMessage(address: 0xFEE0_3000, data: 0xC051)])
    #expect(Self.read(0x38, of: &chip) == 0xC051, "remote IRR is set")
    #expect(Self.drive(true, 20, of: &chip).isEmpty)
    #expect(Self.end(0x52, on: &chip).isEmpty)
    #expect(Self.end(0x51, on: &chip).count == 1)
    _ = Self.drive(false, 20, of: &chip)
    #expect(Self.end(0x51, on: &chip).isEmpty)
    #expect(Self.read(0x38, of: &chip) == 0x8051)
  }

  @Test func unmaskingALineThatIsHighSends() {
    var chip = Self.routed(pin: 20, flags: 0x1_8000)
    #expect(Self.drive(true, 20, of: &chip).isEmpty)
    #expect(Self.write(0x8051, to: 0x38, of: &chip).count == 1)
  }

  @Test func switchingToEdgeForgetsAStuckLevel() {
    var chip = Self.routed(pin: 20, flags: 0x8000)
    _ = Self.drive(true, 20, of: &chip)
    _ = Self.write(0x1_0051, to: 0x38, of: &chip)
    #expect(Self.read(0x38, of: &chip) == 0x1_0051)
    #expect(Self.write(0x8051, to: 0x38, of: &chip).count == 1)
  }

  @Test func softwareCannotWriteItsStatusBits() {
    var chip = IOAPIC()
    _ = Self.write(0xFFFF_FFFF, to: 0x10, of: &chip)
    #expect(Self.read(0x10, of: &chip) == 0x1_AFFF)
    _ = Self.write(0xFFFF_FFFF, to: 0x11, of: &chip)
    #expect(Self.read(0x11, of: &chip) == 0xFF00_0000)
  }

  @Test func pinsThatDoNotExistAreIgnored() {
    var chip = IOAPIC()
    for pin in [-1, 24, Int.max] { #expect(Self.drive(true, pin, of: &chip).isEmpty) }
  }

  @Test func aMessageIsDecoded() {
    #expect(
      InterruptMessage(MSIMessage(address: 0xFEE0_3004, data: 0xC151))
        == InterruptMessage(.logical(3), mode: .lowestPriority, vector: 0x51, isLevel: true))
    #expect(InterruptMessage(MSIMessage(address: 0xFEEF_F000, data: 0x30))?.audience == .physical(.max))
    #expect(InterruptMessage(MSIMessage(address: 0x1_FEE0_0000, data: 0x30)) == nil)
    #expect(InterruptMessage(MSIMessage(address: 0xFEE0_0000, data: 0x330)) == nil)
  }
}
