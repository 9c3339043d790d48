import DeviceModel
import DeviceTesting
import Primitives
import Testing
import Virtio

@Suite("A virtio disk of a machine with several processors")
struct BlockQueuesTests {
  private typealias Driver = MockDriver<VirtioBlock>
  private static let multipleQueues: UInt64 = 1 << 12

  private func made(processors: Int) throws -> Driver { try MockDriver(VirtioBlock(sectorCount: 1 << 20, processors: processors)) }

  private func started(processors: Int) throws -> Driver {
    let driver = try made(processors: processors)
    try driver.start()
    return driver
  }

  /// The driver asks for a sector, by a header of its own, as several requests wait at once.
  private func ask(_ driver: Driver, sector: UInt64, queue: Int) throws {
    try driver.request(0, sector: sector, header: Driver.header + 0x1_0000 + sector * 16, queue: queue)
  }

  private func take(_ driver: Driver, _ count: Int = .max, sectors: UInt64 = .max) -> [UInt64] {
    driver.device.take(count, sectors: sectors, &driver.cycle).map(\.sector)
  }

  @Test("it has a queue for each of them, as far as there are enough", arguments: [(1, 1), (2, 2), (4, 4), (16, 16), (64, 16)])
  func count(processors: Int, queues: UInt64) throws {
    let driver = try made(processors: processors)
    #expect(driver.read(.word, 0x2000 + 34) == queues && driver.read(.word, 0x12) == queues)
    #expect((driver.features() & Self.multipleQueues != 0) == (queues > 1))
    #expect(driver.config(0x42, .word) & 0x7FF == queues, "a vector for each and one for the configuration")
    #expect(driver.device.doorbells.count == queues)
  }

  @Test("each queue is told of what is done by its own vector")
  func vectors() throws {
    let driver = try started(processors: 4)
    driver.useMessages()
    for queue in [2, 0, 3] {
      try ask(driver, sector: 1, queue: queue)
      driver.complete(try #require(driver.next()))
      #expect(driver.cycle.messages.map { Int($0.data) } == [queue + 1])
      for other in 0..<4 { #expect(try driver.reap(queue: other).count == (other == queue ? 1 : 0)) }
    }
  }

  @Test("what was asked for by several queues may be done together, and each hears of its own")
  func together() throws {
    let driver = try started(processors: 2)
    driver.useMessages()
    for (queue, sector) in [(0, 1), (1, 2), (0, 3)] as [(Int, UInt64)] { try ask(driver, sector: sector, queue: queue) }
    let requests = driver.device.take(64, &driver.cycle)
    driver.cycle = Cycle(at: .start)
    driver.device.complete(requests.map { BlockAnswer(to: $0) }, &driver.cycle)
    #expect(driver.cycle.messages.map(\.data).sorted() == [1, 2])
    #expect(try driver.reap(queue: 0).count == 2 && driver.reap(queue: 1).count == 1)
  }

  @Test("requests of one queue stay together, and a queue that is never empty keeps no other waiting")
  func turns() throws {
    let driver = try started(processors: 3)
    for sector in [1, 2, 3] as [UInt64] { try ask(driver, sector: sector, queue: 1) }
    for sector in [11, 12] as [UInt64] { try ask(driver, sector: sector, queue: 0) }
    try ask(driver, sector: 21, queue: 2)
    #expect(take(driver, 2) == [1, 2])
    #expect(take(driver, sectors: 1) == [11])
    try ask(driver, sector: 4, queue: 1)
    #expect(take(driver) == [21, 3, 4, 12])
    #expect(take(driver).isEmpty)
  }

  @Test("VQ-22 a driver that knows of one queue uses one, and a kick for a queue that it has not set up is ignored")
  func oneOfMany() throws {
    let driver = try made(processors: 4)
    try driver.negotiate(features: driver.features() & ~Self.multipleQueues)
    try driver.enable(queue: 0, size: 16)
    driver.status = 15
    for queue in [1, 3] {
      driver.kick(queue: queue)
      #expect(driver.cycle.isQuiet)
    }
    try ask(driver, sector: 5, queue: 0)
    driver.complete(try #require(driver.next()))
    #expect(try driver.reap().count == 1)
    #expect(!driver.isBroken)
  }

  @Test("VQ-21 VQ-22 behind the last queue is none: it has no size, cannot be set up, and its doorbell is silent")
  func behindTheLast() throws {
    let driver = try made(processors: 2)
    try driver.negotiate()
    for (value, register) in [(2, 0x16), (16, 0x18), (1, 0x1C)] as [(UInt64, Int)] { driver.write(value, .word, register) }
    #expect(driver.read(.word, 0x18) == 0 && driver.read(.word, 0x1C) == 0)
    driver.status = 15
    for queue in [2, 16, 1023] {
      driver.kick(queue: queue)
      #expect(driver.cycle.isQuiet)
    }
    #expect(!driver.isBroken && driver.next() == nil)
  }

  @Test("VQ-19 no queue takes the size 0")
  func size() throws {
    let driver = try made(processors: 2)
    try driver.negotiate()
    driver.write(1, .word, 0x16)
    driver.write(0, .word, 0x18)
    #expect(driver.read(.word, 0x18) == 256)
  }

  @Test("VQ-09 a queue that makes no sense breaks the device, and what was taken before, of any queue, ends before a reset does")
  func broken() throws {
    let driver = try started(processors: 2)
    try ask(driver, sector: 1, queue: 0)
    try driver.publish(99, queue: 1)
    driver.kick(queue: 1)
    let taken = driver.device.take(64, &driver.cycle)
    #expect(driver.isBroken && taken.map(\.sector) == [1])
    driver.status = 0
    #expect(driver.status != 0)
    driver.complete(try #require(taken.first))
    #expect(driver.status == 0)
    #expect(try driver.reap(queue: 0).isEmpty)
  }

  @Test("VQ-28 after a reset no queue is waited for, and each works again")
  func reset() throws {
    let driver = try started(processors: 2)
    for queue in 0..<2 { try ask(driver, sector: 1, queue: queue) }
    try driver.start()
    #expect(driver.next() == nil)
    for queue in 0..<2 {
      try ask(driver, sector: UInt64(queue), queue: queue)
      driver.complete(try #require(driver.next()))
      #expect(try driver.reap(queue: queue).count == 1)
    }
  }

  @Test("VQ-24 chains that need no worker, without end, are worked off in turns")
  func endless() throws {
    let driver = try made(processors: 2)
    try driver.start(size: 256)
    for _ in 0..<200 { try driver.request(99, queue: 0) }
    for _ in 0..<200 { try driver.request(99, queue: 1) }
    driver.cycle = Cycle(at: .start)
    #expect(take(driver).isEmpty && driver.cycle.changes.contains(.work))
    driver.cycle = Cycle(at: .start)
    #expect(take(driver).isEmpty && !driver.cycle.changes.contains(.work))
    #expect(try driver.reap(queue: 0).count == 200 && driver.reap(queue: 1).count == 200)
  }
}
