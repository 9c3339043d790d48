import DeviceModel
import DeviceTesting
import GuestRAM
import Primitives
import Testing
import Virtio

@Suite("A virtio file system")
struct VirtioFileSystemTests {
  private let buffer = MockDriver<VirtioFileSystem>.buffers

  private func started() throws -> MockDriver<VirtioFileSystem> {
    let driver = try MockDriver(VirtioFileSystem(tag: "files"))
    try driver.start()
    return driver
  }

  @Test("the guest finds its tag and its one queue for requests")
  func configuration() throws {
    let driver = try started()
    #expect(driver.config(0) == 0x105A_1AF4)
    #expect((0..<6).map { UInt8(driver.read(.byte, 0x2000 + $0)) } == Array("files".utf8) + [0])
    #expect(driver.read(.dword, 0x2024) == 1)
  }

  @Test("a message is handed on whole, and its answer goes where the guest wants it")
  func message() throws {
    let driver = try started()
    try driver.memory.write(Array("question".utf8), at: GuestAddress(buffer))
    try driver.add(
      [
        .init(address: buffer, count: 3), .init(address: buffer + 3, count: 5), .init(address: buffer + 64, count: 2, flags: 2),
        .init(address: buffer + 128, count: 9, flags: 2),
      ], queue: 1)
    driver.kick(queue: 1)
    #expect(driver.cycle.changes.contains(.work))
    let next = driver.device.next(&driver.cycle)
    let request = try #require(next)
    #expect(request.count == 8 && request.room == 11)
    #expect(request.message(upTo: 100, from: driver.memory) == Array("question".utf8))
    let written = request.answer(Array("answer".utf8), to: driver.memory)
    driver.device.complete(request.token, written: written, &driver.cycle)
    #expect(try driver.reap(queue: 1).map(\.written) == [6])
    #expect(try driver.memory.bytes(2, at: GuestAddress(buffer + 64)) == Array("an".utf8))
    #expect(try driver.memory.bytes(4, at: GuestAddress(buffer + 128)) == Array("swer".utf8))
    let another = driver.device.next(&driver.cycle)
    #expect(another == nil)
  }

  @Test("what overtakes comes first")
  func priority() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 3)], queue: 1)
    try driver.add([.init(address: buffer, count: 4)], queue: 0)
    driver.kick(queue: 1)
    let counts = [driver.device.next(&driver.cycle)?.count, driver.device.next(&driver.cycle)?.count]
    #expect(counts == [4, 3])
  }

  @Test("VQ-28 a reset waits for the messages in flight, and their answers go nowhere")
  func reset() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 8)], queue: 1)
    driver.kick(queue: 1)
    let next = driver.device.next(&driver.cycle)
    let request = try #require(next)
    driver.status = 0
    #expect(driver.status != 0)
    driver.device.complete(request.token, written: 0, &driver.cycle)
    #expect(driver.status == 0)
    driver.device.complete(request.token, written: 0, &driver.cycle)
    #expect(try driver.reap(queue: 1).isEmpty)
  }

  @Test("VQ-24 messages that nobody has answered are bounded")
  func flood() throws {
    let driver = try started()
    var taken = 0
    for _ in 0..<300 {
      try driver.add([.init(address: buffer, count: 8)], queue: 1)
      driver.kick(queue: 1)
      if driver.device.next(&driver.cycle) != nil { taken += 1 }
    }
    #expect(taken == 256)
  }
}
