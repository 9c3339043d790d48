import DeviceModel
import Devices
import Primitives
import Testing

@Suite struct PlacementTests {
  @Test func noTwoChipsShareAPort() {
    let ranges = [
      UART16550.placement, RealTimeClock.placement, KeyboardController.placement,
      PowerManagement.placement, SystemControl.placement, APMControl.placement,
      PanicNotifier.placement, DebugConsole.placement, DebugExit.placement, PostCode.placement,
      IntervalTimer.placement, LegacyPIC.placement, FirmwareConfig.placement,
      TestDevice.placement, ReadAsZero.dmaPlacement, ReadAsZero.diskPlacement,
    ].flatMap(\.ports)
    for (number, range) in ranges.enumerated() {
      #expect(!ranges[(number + 1)...].contains { $0.overlaps(range) })
    }
  }

  @Test func portsAndRegistersAreOfOneSize() {
    func matches<D: RegisterDevice>(_: D.Type, _ placement: Placement) -> Bool {
      placement.ports.reduce(placement.memory?.count ?? 0) { $0 + $1.count } == UInt64(D.registers.byteCount)
    }
    #expect(matches(UART16550.self, UART16550.placement))
    #expect(matches(RealTimeClock.self, RealTimeClock.placement))
    #expect(matches(KeyboardController.self, KeyboardController.placement))
    #expect(matches(PowerManagement.self, PowerManagement.placement))
    #expect(matches(APMControl.self, APMControl.placement))
  }
}
