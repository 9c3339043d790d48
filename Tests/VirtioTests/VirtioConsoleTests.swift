import DeviceModel
import DeviceTesting
import GuestRAM
import PCI
import Primitives
import Testing
import Virtio

@Suite("A virtio console")
struct VirtioConsoleTests {
  private func started() throws -> MockDriver<VirtioConsole> {
    let driver = try MockDriver(VirtioConsole())
    try driver.start()
    return driver
  }
  private let buffer = MockDriver<VirtioConsole>.buffers

  @Test("what the guest sends can be drained once")
  func transmit() throws {
    let driver = try started()
    #expect(driver.config(0) == 0x1043_1AF4)
    try driver.memory.write(Array("hello".utf8), at: GuestAddress(buffer))
    try driver.add([.init(address: buffer, count: 2), .init(address: buffer + 2, count: 3)], queue: 1)
    driver.kick(queue: 1)
    #expect(driver.cycle.changes.contains(.work))
    #expect(driver.device.drain() == Array("hello".utf8))
    #expect(driver.device.drain().isEmpty)
    #expect(try driver.reap(queue: 1).map(\.written) == [0])
  }

  @Test("input goes into the guest's buffers in order")
  func receive() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 3, flags: 2)])
    try driver.add([.init(address: buffer + 3, count: 8, flags: 2)])
    #expect(driver.device.receive(Array("hello".utf8), &driver.cycle) == 5)
    #expect(try driver.reap().map(\.written) == [3, 2])
    #expect(try driver.memory.bytes(5, at: GuestAddress(buffer)) == Array("hello".utf8))
    #expect(driver.interruptStatus() == 1)
  }

  @Test("output from before a reset is not lost")
  func reset() throws {
    let driver = try started()
    try driver.memory.write([0x21], at: GuestAddress(buffer))
    try driver.add([.init(address: buffer, count: 1)], queue: 1)
    driver.kick(queue: 1)
    driver.status = 0
    #expect(driver.device.drain() == [0x21])
  }

  @Test("CO-01 output that nobody reads is bounded, told of and never waited for")
  func flood() throws {
    let driver = try started()
    for _ in 0..<200 {
      try driver.add([.init(address: buffer, count: 1000)], queue: 1)
      driver.kick(queue: 1)
    }
    #expect(try driver.reap(queue: 1).count > 0)
    #expect(driver.cycle.complaint?.hasPrefix("1000 bytes of output were lost") == true)
    #expect(driver.device.drain().count == 65_536)
    try driver.add([.init(address: buffer, count: 1000)], queue: 1)
    driver.kick(queue: 1)
    #expect(driver.device.drain().count == 1000)
  }

  @Test("CO-02 there are no control queues: one port is all")
  func noControl() throws {
    let driver = try started()
    #expect(driver.read(.word, 0x12) == 2)
    #expect(driver.features() & 3 == 0)
    driver.kick(queue: 2)
    driver.kick(queue: 3)
    #expect(!driver.isBroken)
  }

  @Test("CO-03 input that the guest does not want stays outside, and goes in once there is room")
  func backPressure() throws {
    let driver = try started()
    let input = [UInt8](repeating: 7, count: 100)
    #expect(driver.device.receive(input, &driver.cycle) == 0)
    try driver.add([.init(address: buffer, count: 60, flags: 2)])
    driver.kick()
    #expect(driver.cycle.changes.contains(.work))
    #expect(driver.device.receive(input, &driver.cycle) == 60)
    #expect(driver.device.receive(Array(input[60...]), &driver.cycle) == 0)
    try driver.add([.init(address: buffer, count: 60, flags: 2)])
    #expect(driver.device.receive(Array(input[60...]), &driver.cycle) == 40)
    #expect(try driver.reap().map(\.written) == [60, 40])
  }

  @Test("CO-03 input before the driver is ready is not taken")
  func notReady() throws {
    let driver = try MockDriver(VirtioConsole())
    #expect(driver.device.receive([1], &driver.cycle) == 0)
  }

  @Test("an empty buffer for input is given back empty")
  func emptyBuffer() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 0, flags: 2)])
    #expect(driver.device.receive([1], &driver.cycle) == 0)
    #expect(try driver.reap().map(\.written) == [0])
  }
}
