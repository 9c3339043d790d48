import DeviceModel
import DeviceTesting
import GuestRAM
import PCI
import Primitives
import Testing
import Virtio

@Suite("A virtio disk")
struct VirtioBlockTests {
  private func started(_ disk: VirtioBlock = VirtioBlock(sectorCount: 64, identity: "disk-1")) throws
    -> MockDriver<VirtioBlock>
  {
    let driver = try MockDriver(disk)
    try driver.start()
    return driver
  }

  @Test("it is a modern virtio disk to whoever scans the bus")
  func identity() throws {
    let driver = try MockDriver(VirtioBlock(sectorCount: 64))
    #expect(driver.config(0) == 0x1042_1AF4)
    #expect(driver.config(8) == 0x0100_0001)
    #expect(driver.config(0x3D, .byte) == 1)
  }

  @Test("its configuration says how large it is")
  func configuration() throws {
    let driver = try MockDriver(VirtioBlock(sectorCount: 0x1_2345_6789))
    #expect(driver.read(.qword, 0x2000) == 0x1_2345_6789)
    #expect(driver.read(.dword, 0x200C) == 254)
    #expect(driver.read(.dword, 0x2014) == 512)
  }

  @Test("a kick wakes the worker, which reads into the guest's buffer")
  func read() throws {
    let driver = try started()
    try driver.request(0, sector: 3, count: 1024)
    #expect(driver.cycle.changes.contains(.work))
    let request = try #require(driver.next())
    #expect(request.operation == .read && request.sector == 3 && request.sectorCount == 2)
    #expect(request.segments == [.init(address: GuestAddress(MockDriver<VirtioBlock>.data), count: 1024)])
    #expect(try driver.reap().isEmpty)
    driver.complete(request)
    let used = try driver.reap()
    #expect(used.count == 1 && used[0].written == 1025)
    #expect(try driver.answer() == 0)
    #expect(driver.device.interruptLevel)
    #expect(driver.interruptStatus() == 1)
    #expect(!driver.device.interruptLevel)
  }

  @Test("a write hands over what to write, and claims only the status byte")
  func write() throws {
    let driver = try started()
    try driver.request(1, sector: 63)
    let request = try #require(driver.next())
    #expect(request.operation == .write && request.sector == 63 && request.sectorCount == 1)
    driver.complete(request)
    #expect(try driver.reap().map(\.written) == [1])
  }

  @Test("discard and write-zeroes name a range")
  func ranges() throws {
    let driver = try started()
    for (type, flags, operation) in [
      (11, 0, .discard), (13, 0, .writeZeroes(mayUnmap: false)), (13, 1, .writeZeroes(mayUnmap: true)),
    ] as [(UInt32, UInt32, BlockRequest.Operation)] {
      try driver.setRange(sector: 8, count: 16, flags: flags)
      try driver.request(type, count: 16)
      let request = try #require(driver.next())
      #expect(request.operation == operation && request.sector == 8 && request.sectorCount == 16)
      driver.complete(request)
      #expect(try driver.answer() == 0)
    }
  }

  @Test("completions may come in any order")
  func outOfOrder() throws {
    let driver = try started()
    try driver.request(1, sector: 1)
    try driver.request(1, sector: 2)
    let first = try #require(driver.next())
    let second = try #require(driver.next())
    driver.complete(second)
    driver.complete(first)
    #expect(try driver.reap().map(\.head) == [3, 0])
  }

  @Test("with MSI-X a completion is a message on the queue's vector")
  func messages() throws {
    let driver = try started()
    driver.useMessages()
    try driver.request(4, count: 0)
    let request = try #require(driver.next())
    #expect(request.operation == .flush)
    driver.complete(request)
    #expect(driver.cycle.messages.map(\.data) == [1])
    #expect(!driver.device.interruptLevel)
  }

  @Test("BK-01 a sector number that overflows is an error", arguments: [0, 1] as [UInt32])
  func overflow(type: UInt32) throws {
    let driver = try started()
    for sector in [0x0080_0000_0000_0000, .max, 1 << 63] as [UInt64] {
      #expect(try driver.refused(type, sector: sector) == 1)
    }
  }

  @Test("BK-01 a range that overflows is an error", arguments: [11, 13] as [UInt32])
  func rangeOverflow(type: UInt32) throws {
    let driver = try started()
    try driver.setRange(sector: .max, count: 1, flags: 0)
    #expect(try driver.refused(type, count: 16) == 1)
    try driver.setRange(sector: 60, count: 5, flags: 0)
    #expect(try driver.refused(type, count: 16) == 1)
  }

  @Test("BK-02 what is not wholly on the disk, or nothing, is an error")
  func bounds() throws {
    let driver = try started()
    #expect(try driver.refused(0, sector: 64) == 1)
    #expect(try driver.refused(0, sector: 63, count: 1024) == 1)
    #expect(try driver.refused(0, sector: 0, count: 0) == 1)
    #expect(try driver.refused(1, sector: 65) == 1)
    #expect(try driver.refused(0, sector: 63, count: 512) == nil)
  }

  @Test("BK-03 data that is not whole sectors is an error", arguments: [1, 511, 513] as [UInt32])
  func partialSectors(count: UInt32) throws {
    let driver = try started()
    #expect(try driver.refused(0, count: count) == 1)
    #expect(try driver.refused(1, count: count) == 1)
  }

  @Test("BK-04 without a place for the status the device breaks")
  func noStatus() throws {
    for count in [16, 512] as [UInt32] {
      let driver = try started()
      try driver.writeHeader(1)
      try driver.add([.init(address: MockDriver<VirtioBlock>.header, count: count)])
      driver.kick()
      #expect(driver.next() == nil)
      #expect(driver.isBroken)
      #expect(try driver.reap().isEmpty)
    }
  }

  @Test("BK-04 an empty status buffer is no place for the status")
  func emptyStatus() throws {
    let driver = try started()
    try driver.writeHeader(4)
    try driver.add([
      .init(address: MockDriver<VirtioBlock>.header, count: 16),
      .init(address: MockDriver<VirtioBlock>.statusByte, count: 0, flags: 2),
    ])
    driver.kick()
    #expect(driver.next() == nil)
    #expect(driver.isBroken)
  }

  @Test("BK-04 the status is the last byte, in whatever buffer")
  func statusInData() throws {
    let driver = try started()
    try driver.writeHeader(0)
    try driver.add([
      .init(address: MockDriver<VirtioBlock>.header, count: 16),
      .init(address: MockDriver<VirtioBlock>.data, count: 513, flags: 2),
    ])
    driver.kick()
    let request = try #require(driver.next())
    #expect(request.segments.map(\.count) == [512])
    driver.complete(request)
    #expect(try driver.memory.load(UInt8.self, at: GuestAddress(MockDriver<VirtioBlock>.data) + 512) == 0)
  }

  @Test("BK-05 a header may be split anyhow", arguments: [[1, 15], [8, 8], [4, 4, 4, 4], [0, 16]] as [[UInt32]])
  func splitHeader(pieces: [UInt32]) throws {
    let driver = try started()
    try driver.writeHeader(1, sector: 5)
    var buffers: [MockDriver<VirtioBlock>.Buffer] = []
    var address = MockDriver<VirtioBlock>.header
    for count in pieces {
      buffers.append(.init(address: address, count: count))
      address += UInt64(count)
    }
    buffers.append(.init(address: MockDriver<VirtioBlock>.data, count: 512))
    buffers.append(.init(address: MockDriver<VirtioBlock>.statusByte, count: 1, flags: 2))
    try driver.add(buffers)
    driver.kick()
    let request = try #require(driver.next())
    #expect(request.sector == 5 && request.segments.map(\.count) == [512])
  }

  @Test("BK-05 header and data may share a buffer")
  func headerWithData() throws {
    let driver = try started()
    try driver.writeHeader(1, sector: 5)
    try driver.add([
      .init(address: MockDriver<VirtioBlock>.header, count: 16 + 512),
      .init(address: MockDriver<VirtioBlock>.data, count: 1, flags: 2),
    ])
    driver.kick()
    let request = try #require(driver.next())
    #expect(request.segments == [.init(address: GuestAddress(MockDriver<VirtioBlock>.header) + 16, count: 512)])
  }

  @Test("BK-05 a header of the wrong total size is an error", arguments: [0, 15, 17] as [UInt32])
  func wrongHeader(count: UInt32) throws {
    let driver = try started()
    try driver.writeHeader(1)
    try driver.add([
      .init(address: MockDriver<VirtioBlock>.header, count: count),
      .init(address: MockDriver<VirtioBlock>.statusByte, count: 1, flags: 2),
    ])
    driver.kick()
    #expect(driver.next() == nil)
    #expect(try driver.answer() == 1)
  }

  @Test("BK-06 what we do not know, SCSI too, is unsupported", arguments: [2, 3, 5, 7, 9, 10, 12, 14, 99, .max] as [UInt32])
  func unknown(type: UInt32) throws {
    let driver = try started()
    #expect(try driver.refused(type) == 2)
  }

  @Test("BK-07 a read-only disk is never written")
  func readOnly() throws {
    let driver = try started(VirtioBlock(sectorCount: 64, readOnly: true))
    #expect(try driver.refused(1) == 1)
    #expect(try driver.refused(11, count: 16) == 2)
    #expect(try driver.refused(13, count: 16) == 2)
    #expect(driver.features() & (1 << 5) != 0)
    #expect(try driver.refused(0) == nil)
  }

  @Test("BK-07 discard that was not negotiated is unsupported")
  func notNegotiated() throws {
    let driver = try MockDriver(VirtioBlock(sectorCount: 64))
    try driver.start(features: 1 << 32)
    #expect(try driver.refused(11, count: 16) == 2)
    #expect(try driver.refused(13, count: 16) == 2)
  }

  @Test("BK-08 only one whole range of bounded size is taken", arguments: [11, 13] as [UInt32])
  func badRanges(type: UInt32) throws {
    let driver = try started(VirtioBlock(sectorCount: 1 << 40))
    try driver.setRange(sector: 0, count: 1, flags: 0)
    for count in [0, 1, 15, 17, 32, 16 << 10] as [UInt32] { #expect(try driver.refused(type, count: count) == 1) }
    for count in [0, 1 << 22 | 1, .max] as [UInt32] {
      try driver.setRange(sector: 0, count: count, flags: 0)
      #expect(try driver.refused(type, count: 16) == 1)
    }
    for flags in [2, 3, .max] as [UInt32] {
      try driver.setRange(sector: 0, count: 1, flags: flags)
      #expect(try driver.refused(type, count: 16) == 2)
    }
  }

  @Test("BK-08 discard knows no unmap flag")
  func discardFlag() throws {
    let driver = try started()
    try driver.setRange(sector: 0, count: 1, flags: 1)
    #expect(try driver.refused(11, count: 16) == 2)
  }

  @Test("BK-09 the identity fills what fits", arguments: [0, 1, 19, 20, 21, 512] as [UInt32])
  func identity(count: UInt32) throws {
    let driver = try started()
    try driver.memory.fill(0xAA, count: 600, at: GuestAddress(MockDriver<VirtioBlock>.data))
    #expect(try driver.refused(8, count: count) == 0)
    let fitting = Int(min(20, count))
    let expected = Array((Array("disk-1".utf8) + Array(repeating: 0, count: 14)).prefix(fitting))
    #expect(try driver.memory.bytes(fitting, at: GuestAddress(MockDriver<VirtioBlock>.data)) == expected)
    #expect(try driver.memory.load(UInt8.self, at: GuestAddress(MockDriver<VirtioBlock>.data) + fitting) == 0xAA)
    #expect(try driver.reap().map(\.written) == [UInt32(fitting) + 1])
  }

  @Test("BK-10 a flush may carry data, which means nothing")
  func flushWithData() throws {
    let driver = try started()
    try driver.request(4, count: 77)
    let request = try #require(driver.next())
    #expect(request.operation == .flush && request.segments.isEmpty)
  }

  @Test("BK-11 a failed read claims the status byte only")
  func failedRead() throws {
    let driver = try started()
    try driver.request(0)
    let request = try #require(driver.next())
    driver.complete(request, ok: false)
    #expect(try driver.answer() == 1)
    #expect(try driver.reap().map(\.written) == [1])
  }

  @Test("BK-12 a worker never owes more than 256 requests")
  func inFlight() throws {
    let driver = try started()
    var requests: [BlockRequest] = []
    for _ in 0..<300 {
      try driver.request(4, count: 0)
      if let request = driver.next() { requests.append(request) } else { break }
    }
    #expect(requests.count == 256)
    driver.complete(requests[0])
    #expect(driver.next() != nil)
  }

  @Test("BK-13 what the host cannot do is an error to the guest, of which the user hears, and the next request works")
  func hostError() throws {
    let driver = try started()
    try driver.request(1)
    driver.complete(try #require(driver.next()), ok: false)
    #expect(try driver.answer() == 1)
    #expect(driver.cycle.complaint == "it is broken")
    try driver.request(1)
    driver.complete(try #require(driver.next()))
    #expect(try driver.answer() == 0)
  }

  @Test("VQ-28 a reset ends only when nothing is in flight, and late completions reach nobody")
  func resetInFlight() throws {
    let driver = try started()
    try driver.request(0)
    let request = try #require(driver.next())
    driver.status = 0
    #expect(driver.status != 0)
    #expect(driver.next() == nil)
    driver.complete(request)
    #expect(driver.status == 0)
    #expect(try driver.reap().isEmpty)
    #expect(try driver.answer() == 0xEE)
    try driver.start()
    driver.complete(request)
    #expect(try driver.reap().isEmpty)
    try driver.request(0)
    driver.complete(try #require(driver.next()))
    #expect(try driver.reap().count == 1)
  }

  @Test("VQ-28 a machine reset with requests in flight is survived")
  func machineReset() throws {
    let driver = try started()
    try driver.request(0)
    let request = try #require(driver.next())
    driver.device.reset(&driver.cycle)
    driver.complete(request)
    #expect(try driver.reap().isEmpty)
    driver.setConfig(UInt64(MockDriver<VirtioBlock>.window), 0x10)
    driver.setConfig(6, 4, .word)
    #expect(driver.status == 0)
  }

  @Test("requests that are done together are told by one interrupt")
  func together() throws {
    let driver = try started()
    driver.useMessages()
    try driver.request(0, sector: 3)
    try driver.request(0, sector: 4)
    let requests = [try #require(driver.next()), try #require(driver.next())]
    driver.cycle = Cycle(at: .start)
    driver.device.complete(requests.map { BlockAnswer(to: $0) }, &driver.cycle)
    #expect(try driver.reap().count == 2)
    #expect(driver.cycle.messages.count == 1)
  }

  @Test("a completion that nobody waits for changes nothing")
  func unknownToken() throws {
    let driver = try started()
    try driver.request(0)
    let request = try #require(driver.next())
    driver.complete(request)
    #expect(try driver.reap().count == 1 && driver.interruptStatus() == 1)
    driver.complete(request)
    #expect(try driver.reap().isEmpty)
    #expect(!driver.device.interruptLevel)
  }
}

extension MockDriver where F == VirtioBlock {
  func setRange(sector: UInt64, count: UInt32, flags: UInt32) throws {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: sector)
    bytes.append(littleEndian: count)
    bytes.append(littleEndian: flags)
    try memory.write(bytes, at: GuestAddress(Self.data))
  }
}
