import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Testing

/// What kvm-unit-tests does to its device. The interrupt lines follow the registers, and memory follows them.
@Suite struct TestDeviceTests {
  static let register = 0, flush = 4, bytes = 8, lines = 12, memory = 36

  @Test("B17 what is written to the register is read back, in any width, in both of its places")
  func register() {
    var device = Bench(TestDevice())
    device.write(0x1234_5678, Self.register, .dword)
    #expect(device.read(Self.register, .dword) == 0x1234_5678)
    #expect(device.read(Self.register + 2, .word) == 0x1234)
    device.write(0xAB, Self.bytes + 1)
    #expect(device.read(Self.bytes, .dword) == 0x1234_AB78)
  }

  @Test("B17 a request to forget a page changes nothing")
  func flush() {
    var device = Bench(TestDevice())
    device.write(0xFFFF_FFFF, Self.flush, .dword)
    #expect(device.read(Self.register, .dword) == 0)
  }

  @Test("B17 each line goes up and down as the guest says", arguments: [0, 14, 23])
  func lines(line: Int) {
    var device = Bench(TestDevice())
    for level in [true, false] {
      device.write(level ? 1 : 0, Self.lines + line)
      #expect(device.last.lines.map(\.line) == [line] && device.last.lines.map(\.level) == [level])
    }
  }

  @Test("B17 its memory holds what is written, to its last byte")
  func memory() {
    var device = Bench(TestDevice())
    device.write(0x0123_4567_89AB_CDEF, Self.memory, .qword)
    #expect(device.read(Self.memory + 4, .dword) == 0x0123_4567)
    device.write(0x5A, Self.memory + 0xFFFF)
    #expect(device.read(Self.memory + 0xFFFF) == 0x5A)
    device.device.reset()
    #expect(device.read(Self.memory + 0xFFFF) == 0)
  }

  @Test("SE-01 any access stays inside")
  func hammering() {
    var device = Bench(TestDevice())
    device.hammer(byteCount: Self.memory + 0x1_0000)
    #expect(device.read(Self.memory + 0xFFFF, .word) >> 8 == 0xFF)
  }
}
