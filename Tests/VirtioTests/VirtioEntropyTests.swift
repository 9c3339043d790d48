import DeviceModel
import DeviceTesting
import GuestRAM
import PCI
import Primitives
import Testing
import Virtio

@Suite("A virtio source of random bytes")
struct VirtioEntropyTests {
  private func started(size: UInt16 = 16) throws -> MockDriver<VirtioEntropy> {
    let driver = try MockDriver(VirtioEntropy())
    try driver.start(size: size)
    return driver
  }
  private let buffer = MockDriver<VirtioEntropy>.buffers

  /// What the machine does when the device has work; returns how many bytes each request asked for.
  @discardableResult
  private func serve(_ driver: MockDriver<VirtioEntropy>) -> [Int] {
    var counts: [Int] = []
    while let request = driver.device.next(&driver.cycle) {
      counts.append(request.count)
      driver.device.complete(request, with: [UInt8](repeating: 0x5A, count: request.count), &driver.cycle)
    }
    return counts
  }

  @Test("a request is handed on at the kick, filled and told about")
  func fills() throws {
    let driver = try started()
    #expect(driver.config(0) == 0x1044_1AF4)
    try driver.add([.init(address: buffer, count: 5, flags: 2)])
    driver.kick()
    #expect(driver.cycle.changes.contains(.work))
    #expect(serve(driver) == [5])
    #expect(try driver.reap().map(\.written) == [5])
    #expect(try driver.memory.bytes(6, at: GuestAddress(buffer)) == [0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0])
    #expect(driver.interruptStatus() == 1)
  }

  @Test("RN-01 a request gets at most 64 KiB", arguments: [(65535, 65535), (65536, 65536), (65537, 65536), (1 << 20, 65536)] as [(UInt32, UInt32)])
  func limit(asked: UInt32, given: UInt32) throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: asked, flags: 2)])
    driver.kick()
    serve(driver)
    #expect(try driver.reap().map(\.written) == [given])
  }

  @Test("RN-01 a request for nothing is completed with nothing")
  func nothing() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 0, flags: 2)])
    try driver.add([.init(address: buffer, count: 8)])
    driver.kick()
    serve(driver)
    #expect(try driver.reap().map(\.written) == [0, 0])
    #expect(!driver.isBroken)
  }

  @Test("RN-01 4 GiB asked in pieces break the device or get 64 KiB, and no more")
  func huge() throws {
    let driver = try started()
    try driver.add(Array(repeating: .init(address: buffer, count: 1 << 20, flags: 2), count: 16))
    driver.kick()
    serve(driver)
    #expect(try driver.reap().map(\.written) == [65536])
    try driver.add([.init(address: buffer, count: .max, flags: 2)])
    driver.kick()
    serve(driver)
    #expect(driver.isBroken)
  }

  @Test("VQ-24 requests that nobody has answered are bounded")
  func flood() throws {
    let driver = try started(size: 64)
    for _ in 0..<64 { try driver.add([.init(address: buffer, count: 4, flags: 2)]) }
    driver.kick()
    var requests: [EntropyRequest] = []
    while let request = driver.device.next(&driver.cycle) { requests.append(request) }
    #expect(requests.count == 16)
    driver.device.complete(requests[0], with: [1, 2, 3, 4], &driver.cycle)
    #expect(serve(driver).count == 48)
  }

  @Test("VQ-28 a reset forgets the requests in flight, and their bytes go nowhere")
  func reset() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    let next = driver.device.next(&driver.cycle)
    let request = try #require(next)
    driver.status = 0
    #expect(driver.status == 0)
    try driver.start()
    driver.device.complete(request, with: [1, 2, 3, 4], &driver.cycle)
    #expect(try driver.reap().isEmpty)
    #expect(try driver.memory.bytes(4, at: GuestAddress(buffer)) == [0, 0, 0, 0])
  }
}
