import DeviceModel
import DeviceTesting
import Glibc
import GuestRAM
import PCI
import PCIBus
import Primitives
import Synchronization
import SystemBus
import TestSupport
import Testing
import Virtio

@testable import Host
@testable import Machine

/// A disk of the board, whose driver is the test. Nobody works for it but who is told to.
@Suite struct DiskStationTests {
  private final class QuietBackplane: Backplane {
    var now: Instant { .start }
    func carryOut(_ cycle: Cycle, of placement: Placement) {}
  }

  /// What was in the file whenever the host was asked to store it for good.
  private final class Flushes: Sendable {
    private let contents = Mutex<[[UInt8]]>([])
    func note(_ bytes: [UInt8]) { contents.withLock { $0.append(bytes) } }
    var all: [[UInt8]] { contents.withLock { $0 } }
  }

  private static let image = (0..<512 * 512).map { UInt8(truncatingIfNeeded: $0 / 512 &+ $0) }

  private let file = TemporaryFile(image)
  private let driver: MockDriver<VirtioBlock>
  private let station: DiskStation
  /// The same one in a machine where everything has its order.
  private let orderly: DiskStation
  private let flushes = Flushes()

  init() throws {
    driver = try MockDriver(VirtioBlock(sectorCount: 512, processors: 2), ram: 16 << 20)
    try driver.start(size: 64)
    let backplane = QuietBackplane()
    let slot = FunctionSlot(
      driver.device, at: FunctionAddress(slot: 3, function: 0), Placement("virtio-blk0"), wires: PCIWires(on: backplane), on: backplane)
    let disk = try DiskFile(path: file.path, access: .readWrite) { [file, flushes] _ in
      flushes.note(file.bytes)
      return 0
    }
    station = DiskStation(slot: slot, disk: disk, memory: driver.memory, worker: Worker(name: "virtio-blk0"))
    orderly = DiskStation(slot: slot, disk: disk, memory: driver.memory, worker: Worker(name: "virtio-blk0"), keepsOrder: true)
  }

  /// The driver asks for `count` bytes at a sector, to or from its `place`-th MiB.
  private func ask(_ type: UInt32, sector: UInt64 = 0, count: Int = 0, place: Int, queue: Int = 0) throws {
    let header = UInt64(0x8_0000 + place * 32)
    try driver.memory.store(type, at: GuestAddress(header))
    try driver.memory.store(sector, at: GuestAddress(header + 8))
    let toGuest = type == 0 ? MockDriver<VirtioBlock>.Flag.write : 0
    let buffers: [MockDriver<VirtioBlock>.Buffer] = [
      .init(address: header, count: 16), .init(address: UInt64(place) << 20, count: UInt32(count), flags: toGuest),
      .init(address: header + 16, count: 1, flags: MockDriver<VirtioBlock>.Flag.write),
    ]
    try driver.add(buffers, queue: queue)
    station.slot.access { device, cycle in device.ring(queue, &cycle) }
  }

  private func isRead(sector: Int, count: Int, place: Int) throws -> Bool {
    let (start, wanted) = (GuestAddress(UInt64(place) << 20), Array(Self.image[sector * 512..<sector * 512 + count]))
    return try driver.memory.bytes(count, at: start) == wanted
  }

  /// Makes the host forget a part of the file; false if it still has its beginning at hand, as on a file system without a disk.
  @discardableResult
  private func isForgotten(sector: Int, count: Int) -> Bool {
    let descriptor = unsafe open(file.path, O_RDWR)
    defer { close(descriptor) }
    fsync(descriptor)
    posix_fadvise(descriptor, sector * 512, count, POSIX_FADV_DONTNEED)
    guard let place = unsafe mmap(nil, 4096, PROT_READ, MAP_SHARED, descriptor, sector * 512) else { return false }
    defer { unsafe munmap(place, 4096) }
    var presence: UInt8 = 1
    return unsafe mincore(place, 4096, &presence) == 0 && presence & 1 == 0
  }

  /// What a caller of the worker does before the worker is woken.
  private func attempt() throws -> Bool {
    let attempt = try #require(station.attempt)
    return attempt()
  }

  @Test func small_reads_of_what_the_host_has_in_memory_are_answered_by_whoever_rings() throws {
    try ask(0, sector: 3, count: 4096, place: 2)
    try ask(0, sector: 100, count: 512, place: 3)
    // A file system of the host that cannot tell what it has in memory leaves them to the worker.
    if try !attempt() { station.serve() }
    #expect(try driver.reap().map(\.written) == [4097, 513])
    #expect(try isRead(sector: 3, count: 4096, place: 2) && isRead(sector: 100, count: 512, place: 3))
  }

  @Test func what_is_no_small_read_is_left_for_the_worker_and_done_once() throws {
    try ask(1, sector: 8, count: 512, place: 2)
    try ask(0, sector: 0, count: 128 << 10, place: 3)
    try driver.memory.write([UInt8](repeating: 0xA5, count: 512), at: GuestAddress(2 << 20))
    #expect(try !attempt())
    #expect(try driver.reap().isEmpty)
    station.serve()
    #expect(try driver.reap().map(\.written) == [1, 128 << 10 | 1])
    #expect(file.bytes[8 * 512..<9 * 512].allSatisfy { $0 == 0xA5 })
    station.serve()
    #expect(try driver.reap().isEmpty)
  }

  @Test func after_a_write_whoever_rings_leaves_everything_to_the_worker_until_that_has_read() throws {
    try ask(1, sector: 8, count: 512, place: 2)
    station.serve()
    #expect(try driver.reap().map(\.written) == [1])
    try ask(0, sector: 100, count: 512, place: 3)
    #expect(try !attempt())
    #expect(try driver.reap().isEmpty)
    station.serve()
    #expect(try driver.reap().map(\.written) == [513])
    try ask(0, sector: 3, count: 512, place: 4)
    // A file system of the host that cannot tell leaves it to the worker.
    if try !attempt() { station.serve() }
    #expect(try driver.reap().map(\.written) == [513])
    #expect(try isRead(sector: 100, count: 512, place: 3) && isRead(sector: 3, count: 512, place: 4))
  }

  @Test func a_flush_by_any_queue_comes_after_what_another_was_told_is_written() throws {
    for (writer, flusher, byte) in [(0, 1, 0xA5), (1, 0, 0x5A)] as [(Int, Int, UInt8)] {
      try ask(1, sector: 8, count: 512, place: 2, queue: writer)
      try driver.memory.write([UInt8](repeating: byte, count: 512), at: GuestAddress(2 << 20))
      station.serve()
      #expect(try driver.reap(queue: writer).map(\.written) == [1])
      try ask(4, place: 3, queue: flusher)
      station.serve()
      for helper in station.helpers { helper.serve() }
      #expect(try driver.reap(queue: flusher).map(\.written) == [1])
      #expect(flushes.all.last?[8 * 512..<9 * 512].allSatisfy { $0 == byte } == true)
    }
    #expect(flushes.all.count == 2)
  }

  @Test func reads_and_writes_do_not_wait_for_a_flush_before_them() throws {
    try ask(4, place: 2)
    try ask(1, sector: 8, count: 512, place: 3)
    try ask(0, sector: 64, count: 128 << 10, place: 4)
    station.serve()
    #expect(try driver.reap().map(\.written) == [1, 128 << 10 | 1])
    #expect(flushes.all.isEmpty)
    for helper in station.helpers { helper.serve() }
    #expect(try driver.reap().map(\.written) == [1])
    #expect(flushes.all.count == 1)
  }

  @Test func flushes_that_are_asked_for_while_the_host_stores_are_one() throws {
    for place in 2..<6 { try ask(4, place: place, queue: place % 2) }
    station.serve()
    for helper in station.helpers { helper.serve() }
    #expect(try driver.reap(queue: 0).count + driver.reap(queue: 1).count == 4)
    #expect(flushes.all.count == 1)
  }

  @Test func many_small_reads_at_once_keep_the_caller_for_a_few() throws {
    for place in 2..<16 { try ask(0, sector: UInt64(place) * 16, count: 8192, place: place) }
    #expect(try !attempt())
    #expect(try driver.reap().count <= 8)
    station.serve()
    for place in 2..<16 { #expect(try isRead(sector: place * 16, count: 8192, place: place)) }
  }

  @Test func reads_that_the_host_has_to_be_waited_for_get_what_they_ask_for_beside_those_that_it_has_at_hand() throws {
    for round in 1...3 {
      isForgotten(sector: 0, count: 400 * 512)
      for place in 2..<16 { try ask(0, sector: UInt64(place * round * 8), count: 4096, place: place, queue: place % 2) }
      if try !attempt() { station.serve() }
      #expect(try driver.reap(queue: 0).count + driver.reap(queue: 1).count == 14)
      for place in 2..<16 { #expect(try isRead(sector: place * round * 8, count: 4096, place: place)) }
    }
  }

  @Test func a_write_does_not_wait_for_a_read_before_it_that_the_host_has_to_be_waited_for() throws {
    let isForgotten = isForgotten(sector: 256, count: 4096)
    try ask(0, sector: 256, count: 4096, place: 2)
    try ask(1, sector: 8, count: 512, place: 3)
    station.serve()
    #expect(try driver.reap().map(\.written) == (isForgotten ? [1, 4097] : [4097, 1]))
    #expect(try isRead(sector: 256, count: 4096, place: 2))
  }

  @Test func where_everything_has_its_order_it_does_not_depend_on_what_the_host_has_at_hand() throws {
    isForgotten(sector: 256, count: 4096)
    for (sector, count) in [(256, 4096), (0, 512), (64, 1024)] as [(UInt64, Int)] { try ask(0, sector: sector, count: count, place: count >> 9) }
    orderly.serve()
    #expect(try driver.reap().map(\.written) == [4097, 513, 1025])
  }

  @Test func a_read_behind_the_end_of_a_shortened_image_is_an_error_by_the_worker() throws {
    file.truncate()
    try ask(0, sector: 3, count: 512, place: 2)
    #expect(try !attempt())
    station.serve()
    #expect(try driver.reap().map(\.written) == [1])
    #expect(try driver.memory.load(at: GuestAddress(0x8_0000 + 2 * 32 + 16)) as UInt8 == 1)
  }
}
