import DeviceModel
import DeviceTesting
import GuestRAM
import PCI
import Primitives
import Testing
import Virtio

@Suite("Rings that no correct driver makes")
struct BadRingTests {
  typealias Driver = MockDriver<Filler>
  private let buffer = Driver.buffers
  private let table: UInt64 = 0xA_0000

  private func started(size: UInt16 = 16, features: UInt64? = nil) throws -> Driver {
    let driver = try MockDriver(Filler())
    try driver.start(size: size, features: features)
    return driver
  }

  /// The device stopped, said so, gave nothing back, and works again after a reset.
  private func expectBroken(_ driver: Driver, _ location: SourceLocation = #_sourceLocation) throws {
    #expect(driver.isBroken, sourceLocation: location)
    #expect(try driver.reap().isEmpty, sourceLocation: location)
    #expect(driver.interruptStatus() == 2, sourceLocation: location)
    driver.kick()
    #expect(driver.interruptStatus() == 0, sourceLocation: location)
    try driver.start()
    try expectWorks(driver, location)
  }

  private func expectWorks(_ driver: Driver, _ location: SourceLocation = #_sourceLocation) throws {
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [4], sourceLocation: location)
    #expect(!driver.isBroken, sourceLocation: location)
  }

  @Test("VQ-01 a descriptor loop breaks the device, not us", arguments: [1, 2, 16])
  func loop(length: Int) throws {
    let driver = try started()
    for i in 0..<length {
      try driver.setDescriptor(
        i, .init(address: buffer, count: 1, flags: 3, next: UInt16((i + 1) % length)), table: driver.descriptors(0))
    }
    try driver.publish(0)
    driver.kick()
    #expect(driver.cycle.complaint?.contains("a chain is longer than its table") == true)
    try expectBroken(driver)
  }

  @Test("VQ-02 a chain as long as the queue works")
  func longestChain() throws {
    let driver = try started()
    try driver.add(Array(repeating: .init(address: buffer, count: 1, flags: 2), count: 16))
    driver.kick()
    #expect(try driver.reap().map(\.written) == [16])
  }

  private func setTable(_ count: Int, at table: UInt64, _ driver: Driver) throws {
    for i in 0..<count {
      let flags: UInt16 = i + 1 < count ? 3 : 2
      try driver.setDescriptor(i, .init(address: buffer, count: 1, flags: flags, next: UInt16(i + 1)), table: table)
    }
  }

  @Test("VQ-02 an indirect table of 1024 descriptors works, of one more it does not")
  func indirectLimit() throws {
    let driver = try started()
    try setTable(1025, at: table, driver)
    try driver.setDescriptor(1023, .init(address: buffer, count: 1, flags: 2), table: table)
    try driver.add([.init(address: table, count: 1024 * 16, flags: 4)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [1024])
    for count in [1025, 65535] as [UInt32] {
      try driver.start()
      try driver.add([.init(address: table, count: count * 16, flags: 4)])
      driver.kick()
      try expectBroken(driver)
    }
  }

  @Test("VQ-01 a loop in an indirect table breaks the device")
  func indirectLoop() throws {
    let driver = try started()
    try driver.setDescriptor(0, .init(address: buffer, count: 1, flags: 3, next: 0), table: table)
    try driver.add([.init(address: table, count: 32, flags: 4)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-03 a table in a table breaks the device")
  func nestedTables() throws {
    let driver = try started()
    try driver.setDescriptor(0, .init(address: table, count: 16, flags: 4), table: table)
    try driver.add([.init(address: table, count: 16, flags: 4)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-04 a descriptor after a table breaks the device")
  func indirectWithNext() throws {
    let driver = try started()
    try setTable(1, at: table, driver)
    try driver.add([.init(address: table, count: 16, flags: 4), .init(address: buffer, count: 1, flags: 2)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-05 a table that was not negotiated breaks the device")
  func indirectNotNegotiated() throws {
    let driver = try started(features: 1 << 32)
    try setTable(1, at: table, driver)
    try driver.add([.init(address: table, count: 16, flags: 4)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-06 a table of a wrong size breaks the device", arguments: [0, 1, 15, 17, 65536 * 16, .max] as [UInt32])
  func tableSize(count: UInt32) throws {
    let driver = try started()
    try setTable(1, at: table, driver)
    try driver.add([.init(address: table, count: count, flags: 4)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-06 a table that is not wholly RAM breaks the device", arguments: [0x1F_FFF8, 0x20_0000, 0xC000_0000, .max - 7] as [UInt64])
  func tablePlace(address: UInt64) throws {
    let driver = try started()
    try driver.add([.init(address: address, count: 16, flags: 4)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-06 a table at an odd address works")
  func oddTable() throws {
    let driver = try started()
    try setTable(3, at: table + 1, driver)
    try driver.add([.init(address: table + 1, count: 48, flags: 4)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [3])
  }

  @Test("VQ-07 the write flag of a table's descriptor means nothing")
  func writableTable() throws {
    let driver = try started()
    try setTable(3, at: table, driver)
    try driver.add([.init(address: table, count: 48, flags: 6)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [3])
  }

  @Test("VQ-08 a table may end a chain of plain descriptors")
  func tableAtEnd() throws {
    let driver = try started()
    try setTable(3, at: table, driver)
    try driver.add([.init(address: buffer, count: 2, flags: 2), .init(address: table, count: 48, flags: 4)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [5])
  }

  @Test("VQ-09 a head beyond the table breaks the device", arguments: [16, 17, 255, 65535] as [UInt16])
  func head(index: UInt16) throws {
    let driver = try started()
    try driver.publish(index)
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-09 a link beyond the table breaks the device", arguments: [16, 65535] as [UInt16])
  func link(index: UInt16) throws {
    let driver = try started()
    try driver.setDescriptor(0, .init(address: buffer, count: 1, flags: 3, next: index), table: driver.descriptors(0))
    try driver.publish(0)
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-10 an index that jumps further than the ring breaks the device", arguments: [17, 32768, 65535] as [UInt16])
  func jump(index: UInt16) throws {
    let driver = try started()
    try driver.memory.storeIndex(index, at: GuestAddress(driver.available(0)) + 2)
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-11 a chain of 4 GiB or more breaks the device, of a little less it does not")
  func total() throws {
    let driver = try MockDriver(Filler(), ram: 4 << 20)
    for count in [1023, 1024] as [UInt32] {
      try driver.start()
      for i in 0..<Int(count) {
        let isLast = i + 1 == count
        try driver.setDescriptor(
          i, .init(address: 0, count: 4 << 20, flags: isLast ? 2 : 3, next: UInt16(i + 1)), table: table)
      }
      try driver.add([.init(address: table, count: count * 16, flags: 4)])
      driver.kick()
      #expect(driver.isBroken == (count == 1024))
    }
  }

  @Test(
    "VQ-12 VQ-13 VQ-14 a buffer that is not wholly RAM breaks the device",
    arguments: [
      (0xFFFF_FFFF_FFFF_F000, 0x2000), (.max, 1), (0x1F_FFFF, 2), (0x20_0000, 1), (0xC000_0000, 4),
      (0xB000_0000, 4), (0xFEE0_0000, 4), (0xFEC0_0000, 4), (0xFFFF_FFF0, 4), (0x1_0000_0000, 1), (0, .max),
    ] as [(UInt64, UInt32)])
  func buffers(address: UInt64, count: UInt32) throws {
    let driver = try started()
    try driver.add([.init(address: address, count: count, flags: 2)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-15 empty buffers are harmless, wherever they point")
  func emptyBuffers() throws {
    let driver = try started()
    let empty = Driver.Buffer(address: 0xC000_0000, count: 0, flags: 2)
    let full = Driver.Buffer(address: buffer, count: 3, flags: 2)
    for chain in [[empty], [empty, full], [full, empty], [full, empty, full]] {
      try driver.add(chain)
      driver.kick()
      #expect(try driver.reap().map(\.written) == [UInt32(chain.reduce(0) { $0 + $1.count })])
    }
  }

  @Test("VQ-16 a buffer to read after one to write breaks the device")
  func order() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 1, flags: 2), .init(address: buffer, count: 1)])
    driver.kick()
    try expectBroken(driver)
  }

  @Test("VQ-17 buffers over each other and over the rings harm only the guest")
  func aliases() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 8, flags: 2), .init(address: buffer + 4, count: 8, flags: 2)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [16])
    for ring in [driver.descriptors(0), driver.available(0), driver.used(0)] {
      try driver.start()
      try driver.add([.init(address: ring, count: 512, flags: 2)])
      try driver.add([.init(address: buffer, count: 4, flags: 2)])
      driver.kick()
      driver.kick()
    }
    try driver.start()
    try expectWorks(driver)
  }

  @Test("VQ-22 a kick for no queue, or before the driver is ready, is ignored")
  func strayKicks() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    for offset in [0x3002, 0x3004, 0x3100, 0x3FFC] { driver.write(0, .word, offset) }
    #expect(try driver.reap().isEmpty)
    driver.status = 0
    driver.kick()
    #expect(try driver.reap().isEmpty)
    try driver.negotiate()
    try driver.enable(queue: 0, size: 16)
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    #expect(try driver.reap().isEmpty)
    driver.status = 15
    driver.kick()
    #expect(try driver.reap().count == 1)
  }

  @Test("VQ-23 a storm of kicks with nothing to do is silent")
  func storm() throws {
    let driver = try started()
    for _ in 0..<20_000 { driver.kick() }
    #expect(driver.interruptStatus() == 0)
    #expect(!driver.isBroken)
  }

  @Test("VQ-25 without event indices the interrupt flag is the only one that counts")
  func interruptFlag() throws {
    let driver = try started(features: 1 << 32)
    for (flags, status) in [(0, 1), (1, 0), (0xFFFE, 1), (0xFFFF, 0)] as [(UInt16, UInt64)] {
      try driver.memory.store(flags, at: GuestAddress(driver.available(0)))
      try driver.add([.init(address: buffer, count: 1, flags: 2)])
      driver.kick()
      #expect(driver.interruptStatus() == status)
    }
  }

  @Test("VQ-25 with event indices an interrupt comes exactly when the named chain is back")
  func eventIndex() throws {
    let driver = try started()
    let event = GuestAddress(driver.available(0)) + (4 + 2 * 16)
    try driver.memory.store(UInt16(2), at: event)
    var interrupts: [UInt64] = []
    for _ in 0..<5 {
      try driver.add([.init(address: buffer, count: 1, flags: 2)])
      driver.kick()
      interrupts.append(driver.interruptStatus())
    }
    #expect(interrupts == [0, 0, 1, 0, 0])
  }

  @Test("VQ-25 the device says from which chain on it wants a kick")
  func availableEvent() throws {
    let driver = try started()
    for _ in 0..<3 { try driver.add([.init(address: buffer, count: 1, flags: 2)]) }
    driver.kick()
    #expect(try driver.memory.load(UInt16.self, at: GuestAddress(driver.used(0)) + (4 + 8 * 16)) == 3)
  }

  @Test("VQ-26 indices wrap as often as they like", arguments: [2, 256] as [UInt16])
  func wrap(size: UInt16) throws {
    let driver = try started(size: size)
    var count = 0
    var interrupts = 0
    let event = GuestAddress(driver.available(0)) + (4 + 2 * Int(size))
    for _ in 0..<(3 * 65_536 + 300) {
      try driver.memory.store(UInt16(truncatingIfNeeded: count), at: event)
      try driver.add([.init(address: buffer, count: 1, flags: 2)])
      driver.kick()
      count += try driver.reap().count
      interrupts += Int(driver.interruptStatus())
    }
    #expect(count == 3 * 65_536 + 300)
    #expect(interrupts == count)
    #expect(!driver.isBroken)
  }

  @Test("VQ-34 a machine reset forgets rings and windows")
  func machineReset() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 1, flags: 2)])
    driver.device.reset(&driver.cycle)
    #expect(driver.read(.byte, 0x14) == 0xFF)
    driver.setConfig(Driver.window, 0x10)
    driver.setConfig(6, 4, .word)
    driver.kick()
    #expect(try driver.reap().isEmpty)
    #expect(driver.status == 0)
    try driver.start()
    try expectWorks(driver)
  }
}
