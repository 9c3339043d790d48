import DeviceModel
import DeviceTesting
import ExampleDevices
import GuestRAM
import Primitives
import Testing
import Virtio

/// The devices on a workbench: no guest, no bus, no clock.
@Suite struct DeviceTests {
  @Test func an_adder_reads_as_the_sum_of_what_was_written() {
    var adder = Bench(Adder())
    adder.write(20, 0)
    adder.write(22, 0)
    #expect(adder.read(0) == 42)
  }

  @Test func an_alarm_raises_its_line_in_time_until_its_status_is_written() {
    var alarm = Bench(Alarm())
    alarm.write(3, 0, .dword)
    alarm.pass(nanoseconds: 2999)
    #expect(!alarm.line)
    alarm.pass(nanoseconds: 1)
    #expect(alarm.line && alarm.read(4, .dword) == 1)
    alarm.write(0, 4, .dword)
    #expect(!alarm.line)
  }

  @Test func a_reverser_gives_back_what_it_was_sent_and_sends_a_message() throws {
    let driver = try MockDriver(Reverser())
    try driver.start()
    driver.useMessages()
    let buffer = MockDriver<Reverser>.buffers
    try driver.memory.write(Array("stressed".utf8), at: GuestAddress(buffer))
    try driver.add([.init(address: buffer, count: 8), .init(address: buffer + 64, count: 64, flags: 2)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [8])
    #expect(try driver.memory.bytes(8, at: GuestAddress(buffer + 64)) == Array("desserts".utf8))
    #expect(driver.cycle.messages.map(\.data) == [1])
  }

  @Test func a_hostile_guest_breaks_nothing() {
    var adder = Bench(Adder())
    adder.hammer(byteCount: 1)
    var alarm = Bench(Alarm())
    alarm.hammer(byteCount: 8)
  }
}
