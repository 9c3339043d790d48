import DeviceModel
import Devices
import Primitives
import Testing

@Suite struct LegacyPICTests {
  /// The chips as Linux leaves them after initialization: vectors 0x30 and 0x38, nothing masked.
  static func initialized(mode: UInt64 = 0x01) -> LegacyPIC {
    var pic = LegacyPIC()
    for (offset, base) in [(0, 0x30 as UInt64), (2, 0x38)] {
      pic.out(0x11, offset)
      pic.out(base, offset + 1)
      pic.out(offset == 0 ? 4 : 2, offset + 1)
      pic.out(mode, offset + 1)
    }
    return pic
  }

  @Test func aChipNobodyInitializedInterruptsNobody() {
    var pic = LegacyPIC()
    pic.setLine(0, true)
    #expect(!pic.output)
  }

  @Test func anEdgeIsDeliveredOnceWithItsVector() {
    var pic = Self.initialized()
    pic.setLine(4, true)
    #expect(pic.output)
    #expect(pic.acknowledge() == 0x34)
    pic.out(0x20, 0)
    #expect(!pic.output, "the line is still high, but there was no new edge")
    pic.setLine(4, false)
    pic.setLine(4, true)
    #expect(pic.output)
  }

  @Test func theSecondChipArrivesThroughTheCascade() {
    var pic = Self.initialized()
    pic.setLine(8, true)
    #expect(pic.acknowledge() == 0x38)
    pic.setLine(12, true)
    #expect(!pic.output, "line 8 is still in service")
    pic.out(0x20, 2)
    pic.out(0x20, 0)
    #expect(pic.acknowledge() == 0x3C)
  }

  @Test func theMaskHoldsARequestBackUntilItIsLifted() {
    var pic = Self.initialized()
    pic.out(0xFF, 1)
    pic.setLine(1, true)
    #expect(!pic.output)
    #expect(pic.in(1) == 0xFF)
    pic.out(0xFD, 1)
    #expect(pic.acknowledge() == 0x31)
  }

  @Test func onlyAMoreUrgentLineInterruptsAHandler() {
    var pic = Self.initialized()
    pic.setLine(4, true)
    _ = pic.acknowledge()
    pic.setLine(5, true)
    #expect(!pic.output)
    pic.setLine(0, true)
    #expect(pic.acknowledge() == 0x30)
  }

  @Test func theReadCommandShowsRequestsOrServices() {
    var pic = Self.initialized()
    pic.setLine(4, true)
    #expect(pic.in(0) == 0x10)
    _ = pic.acknowledge()
    #expect(pic.in(0) == 0)
    pic.out(0x0B, 0)
    #expect(pic.in(0) == 0x10)
    pic.out(0x0A, 0)
    #expect(pic.in(0) == 0)
  }

  @Test func aSpecificEndOfInterruptEndsOnlyThatLine() {
    var pic = Self.initialized()
    pic.setLine(4, true)
    _ = pic.acknowledge()
    pic.setLine(0, true)
    _ = pic.acknowledge()
    pic.out(0x64, 0)
    pic.out(0x0B, 0)
    #expect(pic.in(0) == 0x01)
  }

  @Test func automaticEndLeavesNothingInService() {
    var pic = Self.initialized(mode: 0x03)
    pic.setLine(0, true)
    _ = pic.acknowledge()
    pic.out(0x0B, 0)
    #expect(pic.in(0) == 0)
  }

  @Test func rotationMakesTheServedLineTheLeastUrgent() {
    var pic = Self.initialized()
    pic.setLine(0, true)
    _ = pic.acknowledge()
    pic.out(0xA0, 0)
    pic.setLine(0, false)
    pic.setLine(0, true)
    pic.setLine(7, true)
    #expect(pic.acknowledge() == 0x37)
  }

  @Test func setPriorityChoosesTheLeastUrgentLine() {
    var pic = Self.initialized()
    pic.out(0xC3, 0)
    pic.setLine(1, true)
    pic.setLine(4, true)
    #expect(pic.acknowledge() == 0x34)
  }

  @Test func specialMaskLetsLessUrgentLinesThrough() {
    var pic = Self.initialized()
    pic.setLine(1, true)
    _ = pic.acknowledge()
    pic.setLine(5, true)
    #expect(!pic.output)
    pic.out(0x68, 0)
    pic.out(0x02, 1)
    #expect(pic.acknowledge() == 0x35)
  }

  @Test func aPollReadsAndAcknowledgesInOne() {
    var pic = Self.initialized()
    pic.setLine(3, true)
    pic.out(0x0C, 0)
    #expect(pic.in(0) == 0x83)
    #expect(!pic.output)
    pic.out(0x0C, 0)
    #expect(pic.in(0) == 0)
  }

  @Test func aLevelLineInterruptsForAsLongAsItIsHigh() {
    var pic = Self.initialized()
    pic.out(0x0C, 5)
    #expect(pic.in(5) == 0x0C)
    pic.setLine(11, true)
    for _ in 0..<2 {
      #expect(pic.acknowledge() == 0x3B)
      pic.out(0x63, 2)
      pic.out(0x62, 0)
      #expect(pic.output)
    }
    pic.setLine(11, false)
    #expect(!pic.output)
  }

  @Test func theTimerCannotBeMadeLevelTriggered() {
    var pic = LegacyPIC()
    pic.out(0xFF, 4)
    pic.out(0xFF, 5)
    #expect(pic.in(4) == 0xF8)
    #expect(pic.in(5) == 0xDE)
  }

  @Test func anAcknowledgeWithNothingPendingIsSpurious() {
    var pic = Self.initialized()
    #expect(pic.acknowledge() == 0x37)
    pic.out(0x0B, 0)
    #expect(pic.in(0) == 0)
  }

  @Test func linesThatDoNotExistAreIgnored() {
    var pic = Self.initialized()
    for line in [-1, 2, 16, Int.max] { pic.setLine(line, true) }
    #expect(!pic.output)
  }

  @Test func aLineThatStaysHighOverAResetInterruptsAgain() {
    var pic = Self.initialized()
    pic.setLine(11, true)
    pic.reset()
    #expect(!pic.output)
    pic.out(0x0C, 5)
    pic.out(0x00, 1)
    pic.out(0x00, 3)
    #expect(pic.output)
  }
}
