import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Testing

/// The devices that are one port or two.
@Suite struct SmallPortTests {
  @Test func fastA20IsRememberedAndFastResetResets() {
    var port = Bench(SystemControl())
    port.write(0x02, 0)
    #expect(port.last.power == nil)
    #expect(port.read(0) == 0x02)
    port.write(0x03, 0)
    #expect(port.last.power == .reset)
    port.device.reset()
    #expect(port.read(0) == 0)
  }

  @Test func powerManagementCommandsAreOnlyStored() {
    var port = Bench(APMControl())
    port.write(0x1234, 0, .word)
    #expect(port.read(0) == 0x34)
    #expect(port.read(1) == 0x12)
    #expect(port.last.power == nil)
  }

  @Test func onlyARealPanicIsReported() {
    var port = Bench(PanicNotifier())
    #expect(port.read(0) == 0x03)
    port.write(0x02, 0)
    #expect(port.last.power == nil)
    port.write(0x01, 0)
    #expect(port.last.power == .panicked)
  }

  @Test func theDebugConsoleIsThereAndListens() {
    var port = Bench(DebugConsole())
    #expect(port.read(0) == 0xE9)
    port.write(0x53, 0)
    #expect(port.last.byte == 0x53)
  }

  @Test(arguments: [(5, 11), (0, 1), (0x80, 1), (0xFFFF_FFFF, 0xFF)] as [(UInt64, UInt8)])
  func theGuestChoosesAnOddExitCode(value: UInt64, code: UInt8) {
    var port = Bench(DebugExit())
    port.write(value, 0, .dword)
    #expect(port.last.power == .exit(code: code))
  }

  @Test func theLastProgressCodeStays() {
    var port = Bench(PostCode())
    port.write(0xA5, 0)
    #expect(port.device.code == 0xA5)
    #expect(port.read(0) == 0xA5)
  }

  @Test func quietRegistersReadZero() {
    var port = Bench(ReadAsZero())
    port.write(0xFF, 3)
    #expect(port.read(3, .dword) == 0)
  }
}
