import Primitives
import Testing

@Suite struct AddressTests {
  @Test func aRangeCanEndAtTheTopOfItsSpace() {
    let top = MemoryRange(0xFFFF_FFFF_FFFF_F000, count: 0x1000)
    #expect(top.last == 0xFFFF_FFFF_FFFF_FFFF)
    #expect(top.contains(0xFFFF_FFFF_FFFF_FFFF))
    #expect(top.count == 0x1000)
  }

  @Test func anAddressDoesNotLeaveItsSpace() {
    #expect(Port(0xFFFF).advanced(by: 1) == nil)
    #expect(Port(0xFFFE).advanced(by: 1) == 0xFFFF)
    #expect(GuestAddress(UInt64.max).advanced(by: 1) == nil)
  }

  @Test func neighboursDoNotOverlap() {
    #expect(!PortRange(0x3F0, count: 8).overlaps(PortRange(0x3F8, count: 8)))
    #expect(PortRange(0x3F0, count: 9).overlaps(PortRange(0x3F8, count: 8)))
  }
}

@Suite struct BitsTests {
  @Test func fieldsAreReadAndWrittenByBitNumber() {
    var register: UInt32 = 0xABCD_1234
    #expect(register[bits: 4...11] == 0x23)
    register[bits: 4...11] = 0xFF
    #expect(register == 0xABCD_1FF4)
    register[bit: 31] = false
    #expect(register == 0x2BCD_1FF4)
  }

  @Test func aFieldMayBeTheWholeRegister() {
    var register: UInt64 = 5
    register[bits: 0...63] = .max
    #expect(register[bits: 0...63] == .max)
  }

  @Test func roundingUpStopsAtAMultiple() {
    #expect(UInt64(0x1001).roundedUp(toMultipleOf: 0x1000) == 0x2000)
    #expect(UInt64(0x1000).roundedUp(toMultipleOf: 0x1000) == 0x1000)
  }
}

@Suite struct InstantTests {
  @Test func theTimerOfTheChipsetTicksAtItsRate() {
    #expect(Instant.seconds(1).ticks(hertz: 3_579_545) == 3_579_545)
    #expect(Instant.milliseconds(500).ticks(hertz: 1_193_182) == 596_591)
  }

  @Test func timeDoesNotRunBackwards() {
    #expect(Instant.seconds(1).since(.seconds(2)) == 0)
    #expect(Instant(nanoseconds: .max) + 1 == Instant(nanoseconds: .max))
  }
}

@Suite struct LittleEndianTests {
  @Test func aFieldBeyondTheEndIsNotThere() {
    let bytes: [UInt8] = [0x78, 0x56, 0x34, 0x12]
    #expect(bytes.load(UInt32.self, at: 0) == 0x1234_5678)
    #expect(bytes.load(UInt32.self, at: 1) == nil)
    #expect(bytes.load(UInt8.self, at: -1) == nil)
    #expect(bytes.load(UInt64.self, at: 0) == nil)
  }
}
