import DeviceModel
import DeviceTesting
import GuestRAM
import PCI
import Primitives
import Testing
import Virtio

@Suite("The virtio PCI transport")
struct TransportTests {
  typealias Driver = MockDriver<Filler>
  private let buffer = Driver.buffers

  private func made() throws -> Driver { try MockDriver(Filler()) }

  private func started() throws -> Driver {
    let driver = try made()
    try driver.start()
    return driver
  }

  @Test("PC-13 the capability list ends, and has all that a driver looks for")
  func capabilities() throws {
    let driver = try made()
    var found: [String] = []
    var place = Int(driver.config(0x34, .byte))
    while place != 0, found.count < 20 {
      let id = driver.config(place, .byte)
      found.append(id == 9 ? "virtio \(driver.config(place + 3, .byte))" : "\(id)")
      #expect(place % 4 == 0 && place >= 0x40)
      place = Int(driver.config(place + 1, .byte))
    }
    #expect(found == ["17", "virtio 1", "virtio 2", "virtio 3", "virtio 4", "virtio 5"])
    #expect(driver.config(6, .word) & 0x10 != 0)
  }

  @Test("all of the common configuration only prepares, but the status: a reset, and a start, come when the driver writes them")
  func selectors() throws {
    let driver = try made()
    let registers = driver.device.selectors
    #expect(registers.map(\.first) == [0xC000_0000, 0xC000_0016])
    #expect(registers.map(\.last) == [0xC000_0013, 0xC000_0037])
    driver.setConfig(0, 4, .word)
    #expect(driver.device.selectors.isEmpty)
  }

  @Test("a queue starts at its largest size and takes smaller powers of two")
  func queueSize() throws {
    let driver = try made()
    try driver.negotiate()
    #expect(driver.read(.word, 0x18) == 256)
    driver.write(64, .word, 0x18)
    #expect(driver.read(.word, 0x18) == 64)
  }

  @Test("VQ-18 rings that are not aligned, or not RAM, break the device")
  func badRings() throws {
    let registers = [0x20, 0x28, 0x30]
    for (register, step) in zip(registers, [8, 1, 2] as [UInt64]) {
      for address in [0x1_0000 + step, 0x1F_FFF0, 0x20_0000, 0xC000_0000, 0xFFFF_FFFF_FFFF_FFF0] as [UInt64] {
        let driver = try made()
        try driver.negotiate()
        for other in registers { driver.write(0x1_0000, .qword, other) }
        driver.write(address, .qword, register)
        driver.write(1, .word, 0x1C)
        #expect(driver.read(.word, 0x1C) == 0)
        #expect(driver.isBroken)
        try driver.start()
        #expect(!driver.isBroken)
      }
    }
  }

  @Test("VQ-19 a wrong queue size is not taken", arguments: [0, 3, 255, 257, 512, 32768, 65535] as [UInt64])
  func wrongSize(size: UInt64) throws {
    let driver = try made()
    try driver.negotiate()
    driver.write(size, .word, 0x18)
    #expect(driver.read(.word, 0x18) == 256)
  }

  @Test("VQ-20 a queue in use does not change")
  func changeInUse() throws {
    let driver = try started()
    driver.write(256, .word, 0x18)
    for register in [0x20, 0x28, 0x30] { driver.write(0x10_0000, .qword, register) }
    #expect(driver.read(.word, 0x18) == 16)
    #expect(driver.read(.qword, 0x20) == driver.descriptors(0))
    #expect(driver.read(.qword, 0x28) == driver.available(0))
    #expect(driver.read(.qword, 0x30) == driver.used(0))
  }

  @Test("VQ-20 before the features are agreed nothing of a queue can be set")
  func tooEarly() throws {
    let driver = try made()
    driver.write(64, .word, 0x18)
    driver.write(0x1_0000, .qword, 0x20)
    driver.write(1, .word, 0x1C)
    #expect(driver.read(.word, 0x18) == 256)
    #expect(driver.read(.qword, 0x20) == 0)
    #expect(driver.read(.word, 0x1C) == 0)
  }

  @Test("VQ-21 a queue that does not exist reads as nothing", arguments: [1, 2, 255, 65535] as [UInt64])
  func noQueue(index: UInt64) throws {
    let driver = try made()
    try driver.negotiate()
    driver.write(index, .word, 0x16)
    for register in [0x18, 0x1A, 0x1C, 0x1E] { driver.write(1, .word, register) }
    for register in [0x20, 0x28, 0x30] { driver.write(0x1000, .qword, register) }
    #expect([0x18, 0x1C, 0x1E].map { driver.read(.word, $0) } == [0, 0, 0])
    #expect([0x20, 0x28, 0x30].map { driver.read(.qword, $0) } == [0, 0, 0])
    #expect(driver.read(.word, 0x1A) == 0xFFFF)
    #expect(driver.read(.word, 0x16) == index)
  }

  @Test("VQ-30 features must be offered, and must have version 1", arguments: [0, 1, 1 << 28, 1 << 32 | 1, 1 << 32 | 1 << 33, .max] as [UInt64])
  func features(features: UInt64) throws {
    let driver = try made()
    try driver.negotiate(features: features)
    #expect(driver.status == 3)
  }

  @Test("VQ-30 features stay as they were agreed")
  func featuresAfter() throws {
    let driver = try made()
    try driver.negotiate(features: 1 << 32)
    driver.setFeatures(1 << 32 | 1 << 28)
    driver.write(0, .dword, 8)
    #expect(driver.read(.dword, 0xC) == 0)
    #expect(driver.status == 11)
  }

  @Test("VQ-31 steps out of order are not taken")
  func statusOrder() throws {
    let driver = try made()
    for step in [4, 8, 12, 7, 64] as [UInt8] {
      driver.status = 0
      driver.status = step
      #expect(driver.status & 0x4C == 0)
    }
    try driver.start()
    driver.status = 15
    #expect(driver.status == 15)
    driver.status = 3
    #expect(driver.status == 15)
    driver.status = 0x8F
    #expect(driver.status == 0x8F)
    driver.status = 0
    #expect(driver.status == 0)
  }

  @Test func a_driver_may_leave_out_that_it_has_seen_the_device() throws {
    let driver = try made()
    driver.status = 2
    #expect(driver.status == 2)
    for half in [0, 1] as [UInt64] {
      driver.write(half, .dword, 8)
      driver.write(half, .dword, 12)
    }
    driver.status = 10
    driver.status = 14
    #expect(driver.status == 14)
  }

  @Test("VQ-32 a queue is never turned off but by reset")
  func disable() throws {
    let driver = try started()
    driver.write(0, .word, 0x1C)
    #expect(driver.read(.word, 0x1C) == 1)
    driver.write(1, .word, 0x1C)
    #expect(driver.read(.word, 0x1C) == 1)
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    #expect(try driver.reap().count == 1)
    driver.status = 0
    #expect(driver.read(.word, 0x1C) == 0)
  }

  @Test("VQ-33 there are 64 feature bits and no more", arguments: [2, 3, 0xFFFF_FFFF] as [UInt64])
  func featureSelect(select: UInt64) throws {
    let driver = try made()
    driver.write(select, .dword, 0)
    #expect(driver.read(.dword, 4) == 0)
    driver.write(select, .dword, 8)
    driver.write(0xFFFF_FFFF, .dword, 0xC)
    #expect(driver.read(.dword, 0xC) == 0)
    try driver.start()
    #expect(driver.status == 15)
  }

  @Test("PC-01 registers answer at their own width only")
  func widths() throws {
    let driver = try started()
    #expect(driver.read(.dword, 0x14) == 0)
    #expect(driver.read(.byte, 0x18) == 0)
    #expect(driver.read(.dword, 0x18) == 0)
    #expect(driver.read(.word, 0x19) == 0)
    #expect(driver.read(.qword, 0x1C) == 0)
    #expect(driver.read(.qword, 0x34) == 0)
    #expect(driver.read(.dword, 0x38) == 0)
    #expect(driver.read(.dword, 0x20) | driver.read(.dword, 0x24) << 32 == driver.read(.qword, 0x20))
    driver.write(0, .dword, 0x14)
    driver.write(0, .word, 0x14)
    #expect(driver.status == 15)
  }

  @Test("PC-01 every width at every offset of the window is survived", arguments: AccessWidth.allCases)
  func everything(width: AccessWidth) throws {
    let driver = try started()
    for value in [0, 1, 0xFFFF_FFFF_FFFF_FFFF, 0x1_0000_0001] as [UInt64] {
      for offset in 0..<0x8000 where offset & 0xFFF < 0x80 || offset & 0xFFF > 0xFF0 {
        driver.write(value, width, offset)
        #expect(driver.read(width, offset) <= width.ones)
      }
    }
    try driver.start()
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    #expect(try driver.reap().map(\.written) == [4])
  }

  @Test("PC-02 device configuration is read-only and ends in zeros")
  func deviceConfiguration() throws {
    let driver = try MockDriver(VirtioBlock(sectorCount: 0x1234))
    driver.write(.max, .qword, 0x2000)
    #expect(driver.read(.word, 0x2000) == 0x1234)
    #expect(driver.read(.word, 0x2001) == 0x12)
    #expect(driver.read(.qword, 0x2038) == 1)
    for width in AccessWidth.allCases {
      #expect(driver.read(width, 0x203C) == 0)
      #expect(driver.read(width, 0x2FF8) == 0)
    }
  }

  /// Where the window capability's fields are.
  private func access(_ driver: Driver) -> Int {
    var place = Int(driver.config(0x34, .byte))
    while place != 0, driver.config(place + 3, .byte) != 5 { place = Int(driver.config(place + 1, .byte)) }
    return place
  }

  @Test("PC-03 firmware reaches the window through configuration space")
  func configurationAccess() throws {
    let driver = try made()
    let place = access(driver)
    driver.setConfig(0, place + 4, .byte)
    driver.setConfig(0x12, place + 8)
    driver.setConfig(2, place + 12)
    #expect(driver.config(place + 16) == 1)
    driver.setConfig(0x14, place + 8)
    driver.setConfig(1, place + 12)
    driver.setConfig(3, place + 16)
    #expect(driver.status == 3)
    #expect(driver.config(place + 16, .byte) == 3)
  }

  @Test(
    "PC-03 a senseless access through configuration space reads 0 and does nothing",
    arguments: [
      (6, 0x14, 1), (255, 0x14, 1), (0, 0x14, 0), (0, 0x14, 3), (0, 0x14, 8), (0, 0x14, 0xFFFF_FFFF), (0, 0x15, 2),
      (0, 0x8000, 1), (0, 0x7FFE, 4), (0, 0xFFFF_FFFF, 1), (0, 0xFFFF_FFFC, 4),
    ] as [(UInt64, UInt64, UInt64)])
  func senselessAccess(bar: UInt64, offset: UInt64, count: UInt64) throws {
    let driver = try made()
    driver.status = 3
    let place = access(driver)
    driver.setConfig(bar, place + 4, .byte)
    driver.setConfig(offset, place + 8)
    driver.setConfig(count, place + 12)
    driver.setConfig(0, place + 16)
    #expect(driver.config(place + 16) == 0)
    #expect(driver.status == 3)
  }

  @Test("PC-05 a vector that does not exist is stored as none")
  func vectors() throws {
    let driver = try made()
    for (value, stored) in [(0, 0), (1, 1), (2, 0xFFFF), (0xFFFF, 0xFFFF)] as [(UInt64, UInt64)] {
      driver.write(value, .word, 0x10)
      #expect(driver.read(.word, 0x10) == stored)
      driver.write(value, .word, 0x1A)
      #expect(driver.read(.word, 0x1A) == stored)
    }
  }

  @Test("PC-05 an interrupt under a masked function is sent when the mask goes")
  func maskedFunction() throws {
    let driver = try started()
    driver.useMessages()
    driver.setConfig(0xC000, 0x42, .word)
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    #expect(driver.cycle.messages.isEmpty)
    #expect(driver.read(.dword, 0x5000) == 2)
    driver.setConfig(0x8000, 0x42, .word)
    #expect(driver.cycle.messages.map(\.data) == [1])
  }

  @Test("PC-05 a broken device tells so on the configuration's vector")
  func brokenMessage() throws {
    let driver = try started()
    driver.useMessages()
    try driver.publish(99)
    driver.kick()
    #expect(driver.cycle.messages.map(\.data) == [0])
  }

  @Test("a pin that is disabled in COMMAND is silent")
  func disabledPin() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    #expect(driver.device.interruptLevel)
    driver.setConfig(0x406, 4, .word)
    #expect(!driver.device.interruptLevel)
  }

  @Test("PC-08 the window's size shows, and its registers move with it")
  func window() throws {
    let driver = try made()
    driver.setConfig(0xFFFF_FFFF, 0x10)
    #expect(driver.config(0x10) == 0xFFFF_8000)
    #expect(driver.status == 0xFF)
    for index in 1..<6 {
      driver.setConfig(0xFFFF_FFFF, 0x10 + 4 * index)
      #expect(driver.config(0x10 + 4 * index) == 0)
    }
  }

  @Test("each queue has a doorbell in the window")
  func doorbells() throws {
    let driver = try started()
    #expect(driver.device.doorbells == [0xC000_3000])
    driver.setConfig(0xD000_0000, 0x10)
    #expect(driver.device.doorbells == [0xD000_3000])
    driver.setConfig(4, 4, .word)
    #expect(driver.device.doorbells == [])
  }

  @Test("ringing a doorbell is a kick; one that comes too late finds nothing to do")
  func ring() throws {
    let driver = try started()
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.device.ring(0, &driver.cycle)
    #expect(try driver.reap().count == 1)
    driver.device.reset(&driver.cycle)
    driver.device.ring(0, &driver.cycle)
    driver.device.ring(7, &driver.cycle)
    #expect(driver.status == 0xFF)
  }

  @Test("a watched device tells each kick, what it takes from a queue and what it gives back")
  func journal() throws {
    let driver = try started()
    driver.device = VirtioPCI(Filler(), memory: driver.memory, isWatched: true)
    driver.setConfig(0xC000_0000, 0x10)
    driver.setConfig(6, 4, .word)
    try driver.start()
    try driver.add([.init(address: buffer, count: 4, flags: 2)])
    driver.kick()
    #expect(
      driver.cycle.queueActivity == [
        .init(queue: 0, .notified), .init(queue: 0, .taken(head: 0, readable: 0, writable: 4)),
        .init(queue: 0, .completed(head: 0, written: 4)),
      ])
  }

  @Test("VQ-24 a full ring is worked off in several visits, without another kick")
  func visits() throws {
    let driver = try made()
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

  @Test("PC-09 the identity and the capabilities cannot be written")
  func readOnly() throws {
    let driver = try made()
    let fixed = [0, 8, 0x2C, 0x34, 0x44, 0x48, 0x4C, 0x50, 0x54, 0x58]
    let before = fixed.map { driver.config($0) }
    for register in stride(from: 0, to: 256, by: 4) { driver.setConfig(0xFFFF_FFFF, register) }
    #expect(fixed.map { driver.config($0) } == before)
  }
}
