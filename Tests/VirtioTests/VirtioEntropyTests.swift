import DeviceModel
import DeviceTesting
import GuestRAM
import PCI
import Primitives
import Testing
import Virtio

@Suite("A virtio source of random bytes")
struct VirtioEntropyTests {
  private func started() throws -> MockDriver<VirtioEntropy> {
    let driver = try MockDriver(VirtioEntropy { Array(repeating: 0x5A, count: $0) })
    try driver.start()
    return driver
  }
  private let buffer = MockDriver<VirtioEntropy>.buffers

  @Test("a request is filled at the kick, and told about")
  func fills() throws {
    let driver = try started()
    #expect(driver.config(0) == 0x1044_1AF4)
    try driver.add([.init(address: buffer, count: 5, flags: 2)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [5])
    #expect(try driver.memory.bytes(6, at: GuestAddress(buffer)) == [0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0])
    #expect(driver.interruptStatus() == 1)
  }

  @Test("RN-01 a request gets at most 64 KiB", arguments: [(65535, 65535), (65536, 65536), (65537, 65536), (1 << 20, 65536)] as [(UInt32, UInt32)])
  func limit(asked: UInt32, given: UInt32) throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: asked, flags: 2)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [given])
  }

  @Test("RN-01 a request for nothing is completed with nothing")
  func nothing() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 0, flags: 2)])
    try driver.add([.init(address: buffer, count: 8)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [0, 0])
    #expect(!driver.isBroken)
  }

  @Test("RN-01 4 GiB asked in pieces break the device or get 64 KiB, and no more")
  func huge() throws {
    let driver = try started()
    try driver.add(Array(repeating: .init(address: buffer, count: 1 << 20, flags: 2), count: 16))
    driver.kick()
    #expect(try driver.reap().map(\.written) == [65536])
    try driver.add([.init(address: buffer, count: .max, flags: 2)])
    driver.kick()
    #expect(driver.isBroken)
  }

  @Test("VQ-24 a full ring is worked off in several visits, without another kick")
  func visits() throws {
    let driver = try MockDriver(VirtioEntropy { Array(repeating: 1, count: $0) })
    try driver.start(size: 64)
    for _ in 0..<64 { try driver.add([.init(address: buffer, count: 4, flags: 2)]) }
    driver.kick()
    #expect(try driver.reap().count == 16)
    var visits = 0
    while driver.device.deadline != nil, visits < 10 {
      driver.device.advance(&driver.cycle)
      visits += 1
    }
    #expect(try driver.reap().count == 48)
    #expect(visits == 4)
  }
}
