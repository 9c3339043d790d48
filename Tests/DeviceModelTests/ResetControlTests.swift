import DeviceModel
import Primitives
import Testing

@Suite struct ResetControlTests {
  @Test(arguments: [0x06, 0x0E, 0x0F] as [UInt64]) func settingTheResetBitResetsTheMachine(value: UInt64) {
    var reset = ResetControl()
    var cycle = Cycle(at: .start)
    reset.write(value, .byte, at: 0, &cycle)
    #expect(cycle.power == .reset)
  }

  @Test func theKindOfResetIsRememberedUntilThen() {
    var reset = ResetControl()
    var cycle = Cycle(at: .start)
    reset.write(0xFB, .byte, at: 0, &cycle)
    #expect(cycle.power == nil)
    #expect(reset.read(.byte, at: 0, &cycle) == 0x0A)
    reset.reset()
    #expect(reset.read(.byte, at: 0, &cycle) == 0)
  }
}
