import CLinux
import Glibc
import TestSupport
import Synchronization
import Testing

@testable import Host

@Suite struct DiskFileTests {
  static func image(sectors: Int) -> TemporaryFile {
    TemporaryFile((0..<sectors * 512).map { UInt8(truncatingIfNeeded: $0 / 512 + 1) })
  }

  /// The first byte of each sector, as a guest would read it.
  func firstBytes(_ disk: DiskFile, _ sector: UInt64, _ count: UInt64) throws -> [UInt8] {
    var result: [UInt8] = []
    for extent in try disk.extents(sector: sector, count: count) {
      for i in 0..<extent.count / 512 {
        var byte: UInt8 = 0
        #expect(unsafe pread(extent.descriptor, &byte, 1, off_t(extent.offset) + i * 512) == 1)
        result.append(byte)
      }
    }
    return result
  }

  func write(_ byte: UInt8, _ disk: DiskFile, _ sector: UInt64, _ count: UInt64) throws {
    let extent = try disk.prepareWrite(sector: sector, count: count)
    let bytes = [UInt8](repeating: byte, count: extent.count)
    #expect(unsafe pwrite(extent.descriptor, bytes, bytes.count, off_t(extent.offset)) == bytes.count)
    disk.didWrite(sector: sector, count: count)
  }

  @Test("RW-01 an empty image, a partial sector, a directory and a device are refused")
  func refusals() {
    let empty = TemporaryFile([])
    let partial = TemporaryFile([UInt8](repeating: 0, count: 513))
    #expect(throws: FileError(path: empty.path, .empty)) { try DiskFile(path: empty.path, access: .readOnly) }
    #expect(throws: FileError(path: partial.path, .partialSector(size: 513))) {
      try DiskFile(path: partial.path, access: .readWrite)
    }
    #expect(throws: FileError.self) { try DiskFile(path: "/tmp", access: .readOnly) }
    #expect(throws: FileError(path: "/dev/zero", .kind(.characterDevice))) {
      try DiskFile(path: "/dev/zero", access: .readOnly)
    }
  }

  @Test("BK-14 an image has one writer, or any number of readers")
  func locks() throws {
    try ChildProcess.whileNoneStarts {
      let file = Self.image(sectors: 1)
      do {
        let writer = try DiskFile(path: file.path, access: .readWrite)
        #expect(throws: FileError(path: file.path, .locked)) { try DiskFile(path: file.path, access: .readWrite) }
        #expect(throws: FileError(path: file.path, .locked)) { try DiskFile(path: file.path, access: .snapshot) }
        #expect(writer.sectorCount == 1)
      }
      let readers = try (0..<2).map { _ in try DiskFile(path: file.path, access: .readOnly) }
      #expect(throws: FileError(path: file.path, .locked)) { try DiskFile(path: file.path, access: .readWrite) }
      #expect(readers.count == 2)
    }
  }

  @Test("BK-14 C6 QEMU's locks are respected, and it respects ours: snapshots share an image, a writer has it alone")
  func foreignLocks() throws {
    try ChildProcess.whileNoneStarts {
      let file = Self.image(sectors: 1)
      do {
        // As QEMU opens the base of a snapshot: it reads (100) and wants nobody to write (201) or resize (203).
        let reader = try Descriptor.open(file.path, O_RDONLY)
        for byte in [100, 201, 203] as [Int64] { #expect(linux_lock_byte(reader.number, byte) == 0) }
        let disk = try DiskFile(path: file.path, access: .snapshot)
        #expect(throws: FileError(path: file.path, .locked)) { try DiskFile(path: file.path, access: .readWrite) }
        #expect(linux_byte_is_locked(reader.number, 101) == 0 && linux_byte_is_locked(reader.number, 200) == 0)
        #expect(linux_byte_is_locked(reader.number, 201) == 1, "QEMU sees that it must not write to \(disk.path)")
      }
      // As QEMU opens a disk to write: it writes (101), too.
      let writer = try Descriptor.open(file.path, O_RDWR)
      for byte in [100, 101, 201] as [Int64] { #expect(linux_lock_byte(writer.number, byte) == 0) }
      for access in [DiskFile.Access.readOnly, .snapshot, .readWrite] {
        #expect(throws: FileError(path: file.path, .locked)) { try DiskFile(path: file.path, access: access) }
      }
    }
  }

  @Test(
    "BK-01 sectors that wrap or pass the end are out of range",
    arguments: [
      (3, 2), (4, 1), (0, 5), (1 << 55, 1), (.max, 1), (.max, .max), (1, .max),
    ] as [(UInt64, UInt64)])
  func range(sector: UInt64, count: UInt64) throws {
    let file = Self.image(sectors: 4)
    let disk = try DiskFile(path: file.path, access: .readWrite)
    #expect(throws: DiskError.outOfRange) { try disk.extents(sector: sector, count: count) }
    #expect(throws: DiskError.outOfRange) { try disk.prepareWrite(sector: sector, count: count) }
    #expect(throws: DiskError.outOfRange) { try disk.discard(sector: sector, count: count) }
    #expect(throws: DiskError.outOfRange) { try disk.writeZeroes(sector: sector, count: count, mayUnmap: true) }
  }

  @Test("BK-07 a read-only disk is never written")
  func readOnly() throws {
    let file = Self.image(sectors: 2)
    let disk = try DiskFile(path: file.path, access: .readOnly)
    #expect(throws: DiskError.readOnly) { try disk.prepareWrite(sector: 0, count: 1) }
    #expect(throws: DiskError.readOnly) { try disk.discard(sector: 0, count: 1) }
    #expect(throws: DiskError.readOnly) { try disk.writeZeroes(sector: 0, count: 1, mayUnmap: false) }
    #expect(try firstBytes(disk, 0, 2) == [1, 2])
  }

  @Test("BK-13 after one failed flush every later one fails, though the host says it is well again")
  func stickyFlush() throws {
    let file = Self.image(sectors: 1)
    let answers = Mutex<[Int32]>([0, 0, EIO, 0, 0])
    let disk = try DiskFile(path: file.path, access: .readWrite) { _ in answers.withLock { $0.removeFirst() } }
    try disk.flush()
    try disk.flush()
    for _ in 0..<3 { #expect(throws: DiskError.system(SystemError(code: EIO))) { try disk.flush() } }
    #expect(answers.withLock { $0 } == [0, 0], "nobody asks the host again")
  }

  @Test("BK-15 a raw disk that looks like another format is still a raw disk")
  func neverProbes() throws {
    // A qcow2 header that names a backing file.
    let header: [UInt8] = [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x70, 0, 0, 0, 0xB]
    let file = TemporaryFile(header + [UInt8](repeating: 0, count: 1024 - header.count))
    let disk = try DiskFile(path: file.path, access: .readWrite)
    #expect(disk.sectorCount == 2)
    #expect(try firstBytes(disk, 0, 2) == [0x51, 0])
    #expect(try disk.extents(sector: 0, count: 2).map(\.count) == [1024])
  }

  @Test func a_snapshot_shows_its_own_writes_and_leaves_the_image_alone() throws {
    try ChildProcess.whileNoneStarts {
      let file = Self.image(sectors: 6)
      do {
        let disk = try DiskFile(path: file.path, access: .snapshot)
        try write(0x77, disk, 1, 2)
        try disk.writeZeroes(sector: 4, count: 1, mayUnmap: false)
        try disk.discard(sector: 0, count: 1)
        try disk.flush()
        #expect(try firstBytes(disk, 0, 6) == [1, 0x77, 0x77, 4, 0, 6])
        try disk.writeZeroes(sector: 1, count: 1, mayUnmap: true)
        #expect(try firstBytes(disk, 0, 3) == [1, 0, 0x77])
      }
      let after = try DiskFile(path: file.path, access: .readOnly)
      #expect(try firstBytes(after, 0, 6) == [1, 2, 3, 4, 5, 6])
    }
  }

  @Test("A7 a write to a snapshot that fails leaves what was there")
  func failedWrite() throws {
    let file = Self.image(sectors: 4)
    let disk = try DiskFile(path: file.path, access: .snapshot)
    _ = try disk.prepareWrite(sector: 1, count: 2)
    #expect(try firstBytes(disk, 0, 4) == [1, 2, 3, 4], "nobody has said that the sectors were written")
  }

  @Test("A9 a huge disk has few bits: what a small write leaves of its neighbourhood is brought along")
  func granules() throws {
    let file = TemporaryFile([UInt8](repeating: 1, count: 1 << 20))
    unsafe truncate(file.path, 1 << 40)
    let disk = try DiskFile(path: file.path, access: .snapshot)
    _ = try disk.prepareWrite(sector: 3, count: 20)
    #expect(try firstBytes(disk, 0, 32) == [UInt8](repeating: 1, count: 32), "a failed write shows nothing")
    try write(9, disk, 5, 20)
    try disk.writeZeroes(sector: 6, count: 1, mayUnmap: true)
    let expected = (0..<32).map { UInt8($0 == 6 ? 0 : (5..<25).contains($0) ? 9 : 1) }
    #expect(try firstBytes(disk, 0, 32) == expected)
    #expect(try disk.extents(sector: 0, count: 64).map(\.count) == [32 * 512, 32 * 512], "granules of 16 sectors")
  }

  @Test("A9 what is known of changes is bounded, however large the disk and however much of it is written")
  func boundedBits() throws {
    var map = ChangeMap(sectorCount: ChangeMap.mostSectors)
    #expect(map.granule == ChangeMap.largestGranule)
    map.insert(0, count: ChangeMap.mostSectors)
    #expect(map.contains(ChangeMap.mostSectors - 1))
    #expect(ChangeMap(sectorCount: ChangeMap.mostBits).granule == 1 && ChangeMap(sectorCount: ChangeMap.mostBits + 1).granule == 2)
    let file = TemporaryFile([1])
    #expect(unsafe truncate(file.path, Int(ChangeMap.mostSectors) * 512 + 512) == 0 || errno == EFBIG)
    #expect(throws: FileError.self) { try DiskFile(path: file.path, access: .snapshot) }
  }

  @Test func a_snapshot_changes_sectors_on_both_sides_of_a_bitmap_chunk() throws {
    let file = TemporaryFile([1])
    unsafe truncate(file.path, 70_000 * 512)
    let disk = try DiskFile(path: file.path, access: .snapshot)
    try write(9, disk, 32_767, 2)
    #expect(try firstBytes(disk, 32_766, 4) == [0, 9, 9, 0])
    #expect(try disk.extents(sector: 0, count: 70_000).map(\.count) == [32_767 * 512, 1024, 37_231 * 512])
  }

  @Test func zeroes_and_writes_reach_the_image() throws {
    try ChildProcess.whileNoneStarts {
      let file = Self.image(sectors: 4)
      do {
        let disk = try DiskFile(path: file.path, access: .readWrite)
        try write(0x55, disk, 3, 1)
        try disk.writeZeroes(sector: 0, count: 1, mayUnmap: false)
        try disk.writeZeroes(sector: 1, count: 1, mayUnmap: true)
        try disk.flush()
      }
      let after = try DiskFile(path: file.path, access: .readOnly)
      #expect(try firstBytes(after, 0, 4) == [0, 0, 3, 0x55])
    }
  }
}
