import DeviceModel
import DeviceTesting
import GuestRAM
import Primitives
import Testing
import Virtio

/// A driver of ports: what it tells the device, and what it is told.
private final class PortDriver {
  /// Behind the rings of all ten queues.
  static let buffer: UInt64 = 0x20_0000
  private static let controlReceive = 2
  private static let controlTransmit = 3

  struct Word: Equatable {
    let port: UInt32
    let event: UInt16
    let value: UInt16
    var name = ""
  }

  let driver: MockDriver<VirtioPorts>
  private var offered = 0
  private var heardCount = 0

  init(_ names: [String]) throws {
    driver = try MockDriver(VirtioPorts(names: names), ram: 4 << 20)
    try driver.start()
  }

  /// Tells the device something; returns what it says.
  func tell(port: UInt32, event: UInt16, value: UInt16 = 1, count: UInt32 = 8) throws -> [Word] {
    var message: [UInt8] = []
    message.append(littleEndian: port)
    message.append(littleEndian: event)
    message.append(littleEndian: value)
    let place = Self.buffer + 0x2_0000
    try driver.memory.write(message, at: GuestAddress(place))
    try driver.add([.init(address: place, count: count)], queue: Self.controlTransmit)
    driver.kick(queue: Self.controlTransmit)
    let changes = driver.cycle.changes
    defer { driver.cycle.changes = changes }
    return try heard()
  }

  /// What the device has said, or would say if there were room.
  func heard() throws -> [Word] {
    while offered < heardCount + 8 {
      try driver.add([.init(address: Self.buffer + UInt64(offered % 16) * 64, count: 64, flags: 2)], queue: Self.controlReceive)
      offered += 1
    }
    driver.kick(queue: Self.controlReceive)
    return try driver.reap(queue: Self.controlReceive).map { used in
      heardCount += 1
      let bytes = try driver.memory.bytes(Int(used.written), at: GuestAddress(Self.buffer + UInt64(used.head) * 64))
      return Word(
        port: bytes.load(at: 0) ?? 0, event: bytes.load(at: 4) ?? 0, value: bytes.load(at: 6) ?? 0,
        name: String(decoding: bytes.dropFirst(8), as: UTF8.self))
    }
  }
}

@Suite("A virtio console with ports")
struct VirtioPortsTests {
  private typealias Word = PortDriver.Word
  private let buffer = PortDriver.buffer

  /// A driver that has opened all ports; what it was told is behind it.
  private func started() throws -> PortDriver {
    let ports = try PortDriver(["in", "out", "errors", "control"])
    _ = try ports.tell(port: .max, event: 0)
    for port in 0..<4 { for event in [3, 6] as [UInt16] { _ = try ports.tell(port: UInt32(port), event: event) } }
    return ports
  }

  @Test("it offers its ports to the driver, names them and connects them")
  func handshake() throws {
    let ports = try PortDriver(["in", "out"])
    let driver = ports.driver
    #expect(driver.features() & 2 != 0)
    #expect(driver.read(.dword, 0x2004) == 4)
    #expect(try ports.tell(port: 0, event: 0) == [Word(port: 0, event: 1, value: 1), Word(port: 1, event: 1, value: 1)])
    #expect(try ports.tell(port: 1, event: 3) == [Word(port: 1, event: 7, value: 1, name: "out"), Word(port: 1, event: 6, value: 1)])
  }

  @Test("what the guest sends is taken in pieces, in order, and its sender waits until all of it is")
  func backPressure() throws {
    let ports = try started()
    let driver = ports.driver
    try driver.memory.write(Array("hello world".utf8), at: GuestAddress(buffer))
    try driver.add([.init(address: buffer, count: 5), .init(address: buffer + 5, count: 6)], queue: 5)
    driver.kick(queue: 5)
    #expect(driver.cycle.changes.contains(.work))
    #expect(driver.device.take(1, upTo: 7, &driver.cycle) == Array("hello w".utf8))
    #expect(try driver.reap(queue: 5).isEmpty)
    #expect(driver.device.take(1, upTo: 7, &driver.cycle) == Array("orld".utf8))
    #expect(try driver.reap(queue: 5).map(\.written) == [0])
    #expect(driver.device.take(1, upTo: 7, &driver.cycle).isEmpty)
  }

  @Test("each port has its own queues")
  func separation() throws {
    let ports = try started()
    let driver = ports.driver
    for (port, queue) in [(0, 1), (1, 5), (2, 7), (3, 9)] {
      try driver.memory.write([UInt8(port)], at: GuestAddress(buffer))
      try driver.add([.init(address: buffer, count: 1)], queue: queue)
      driver.kick(queue: queue)
      #expect(driver.device.take(port, upTo: 9, &driver.cycle) == [UInt8(port)])
    }
    try driver.add([.init(address: buffer, count: 2, flags: 2)], queue: 4)
    #expect(driver.device.receive([7, 8, 9], at: 1, &driver.cycle) == 2)
    #expect(driver.device.receive([9], at: 2, &driver.cycle) == 0)
    #expect(try driver.memory.bytes(2, at: GuestAddress(buffer)) == [7, 8])
  }

  @Test("what comes for a port that no program of the guest has opened waits for it")
  func closed() throws {
    let ports = try started()
    let driver = ports.driver
    try driver.add([.init(address: buffer, count: 2, flags: 2)], queue: 0)
    _ = try ports.tell(port: 0, event: 6, value: 0)
    #expect(driver.device.receive([7], at: 0, &driver.cycle) == 0)
    _ = try ports.tell(port: 0, event: 6)
    #expect(driver.cycle.changes.contains(.work))
    #expect(driver.device.receive([7], at: 0, &driver.cycle) == 1)
  }

  @Test("the end of a port is told at once, or as soon as the driver asks for the port")
  func end() throws {
    let ports = try started()
    let driver = ports.driver
    driver.device.close(0, &driver.cycle)
    driver.device.close(0, &driver.cycle)
    #expect(try ports.heard() == [Word(port: 0, event: 6, value: 0)])
    #expect(try ports.tell(port: 0, event: 3).last == Word(port: 0, event: 6, value: 0))
  }

  @Test("CO-02 messages about ports that make no sense are ignored")
  func badMessages() throws {
    let ports = try started()
    let driver = ports.driver
    #expect(try ports.tell(port: 4, event: 3).isEmpty)
    #expect(try ports.tell(port: .max, event: 3).isEmpty)
    #expect(try ports.tell(port: 0, event: 99).isEmpty)
    #expect(try ports.tell(port: 0, event: 3, value: 0).isEmpty)
    #expect(try ports.tell(port: 0, event: 3, count: 3).isEmpty)
    #expect(driver.device.take(99, upTo: 9, &driver.cycle).isEmpty)
    #expect(driver.device.receive([1], at: -1, &driver.cycle) == 0)
    #expect(!driver.isBroken)
  }

  @Test("CO-01 a driver that asks and never listens fills no memory")
  func silence() throws {
    let ports = try PortDriver(["in"])
    let driver = ports.driver
    for _ in 0..<1000 {
      try driver.memory.write([0, 0, 0, 0, 3, 0, 1, 0], at: GuestAddress(buffer))
      try driver.add([.init(address: buffer, count: 8)], queue: 3)
      driver.kick(queue: 3)
    }
    var words = 0
    while true {
      let more = try ports.heard().count
      words += more
      if more == 0 { break }
    }
    #expect(words <= 66)
  }

  @Test("after a reset what the guest had sent is forgotten")
  func reset() throws {
    let ports = try started()
    let driver = ports.driver
    try driver.add([.init(address: buffer, count: 9)], queue: 5)
    driver.kick(queue: 5)
    #expect(driver.device.take(1, upTo: 3, &driver.cycle).count == 3)
    driver.status = 0
    try driver.start()
    #expect(driver.device.take(1, upTo: 3, &driver.cycle).isEmpty)
  }
}
