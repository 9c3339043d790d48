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

  @Test("BK-01 sectors that wrap or pass the end are out of range", arguments: [
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
    let answers = Mutex<[Int32]>([0, EINTR, 0, EIO, 0, 0])
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
