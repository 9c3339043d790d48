import CLinux
import Glibc
import Synchronization

/// A piece of a disk as bytes of one descriptor, for transfers straight between file and guest RAM.
public struct DiskExtent: Equatable, Sendable {
  public let descriptor: Int32
  public let offset: Int64
  public let count: Int
}

/// Why a request to a disk failed.
public enum DiskError: Error, Equatable, Sendable, CustomStringConvertible {
  case outOfRange
  case readOnly
  case system(SystemError)

  public var description: String {
    switch self {
    case .outOfRange: "the image ends before this sector"
    case .readOnly: "the disk is read-only"
    case .system(let error): error.description
    }
  }
}

/// A raw disk image, or a block device of the host. The format is never guessed.
public final class DiskFile: Sendable {
  public enum Access: Equatable, Sendable {
    case readOnly
    case readWrite
    /// The guest may write, the image stays as it is: changes live in a nameless file until power-off.
    case snapshot
  }

  public static let sectorSize = 512

  public let path: String
  public let access: Access
  public let sectorCount: UInt64
  private let image: Descriptor
  private let overlay: Descriptor?
  private let changed: Mutex<ChangeMap>
  private let flushFailed = Atomic<Bool>(false)
  private let synchronize: @Sendable (Int32) -> Int32

  /// Takes a lock, so that no image has two writers, or a writer and a reader. A snapshot is a reader.
  public convenience init(path: String, access: Access) throws(FileError) {
    try self.init(path: path, access: access) { -Int32(truncatingIfNeeded: linux_synchronize($0, 1)) }
  }

  /// - Parameter synchronize: puts a descriptor's data on stable storage; zero or the host's error.
  init(path: String, access: Access, synchronize: @escaping @Sendable (Int32) -> Int32) throws(FileError) {
    self.path = path
    self.access = access
    self.synchronize = synchronize
    image = try Descriptor.file(path, access == .readWrite ? O_RDWR : O_RDONLY, orBlockDevice: true)
    let size = try image.size(of: path)
    sectorCount = size / UInt64(Self.sectorSize)
    guard size > 0 else { throw FileError(path: path, .empty) }
    guard size % UInt64(Self.sectorSize) == 0 else { throw FileError(path: path, .partialSector(size: size)) }
    guard access != .snapshot || sectorCount <= ChangeMap.mostSectors else {
      throw FileError(path: path, .tooLarge(limit: ChangeMap.mostSectors * UInt64(Self.sectorSize)))
    }
    changed = Mutex(ChangeMap(sectorCount: sectorCount))
    try (access == .readWrite ? ImageLock.writer : .reader).acquire(image, of: path)
    do throws(SystemError) { overlay = access == .snapshot ? try Self.makeOverlay(size) : nil } catch {
      throw FileError(path: path, .system(error))
    }
  }

  private static func makeOverlay(_ size: UInt64) throws(SystemError) -> Descriptor {
    // O_TMPFILE (asm-generic/fcntl.h) includes O_DIRECTORY; Swift cannot import the expression.
    let nameless: Int32 = 0o20_000_000 | O_DIRECTORY
    let onDisk = unsafe linux_open("/var/tmp", nameless | O_RDWR, 0o600)
    let overlay = onDisk >= 0 ? Descriptor(owning: onDisk) : try Descriptor.memory("disk-changes")
    try overlay.setSize(size)
    return overlay
  }

  public var isReadOnly: Bool { access == .readOnly }

  /// Where to read `count` sectors from, in order.
  public func extents(sector: UInt64, count: UInt64) throws(DiskError) -> [DiskExtent] {
    try check(sector, count)
    guard let overlay = overlayNumber else { return [extent(image.number, sector, count)] }
    let runs = changed.withLock { $0.runs(from: sector, count: count) }
    return runs.map { extent($0.isChanged ? overlay : image.number, $0.first, $0.count) }
  }

  /// Where to write `count` sectors to; once they are there the caller says so by `didWrite`.
  public func prepareWrite(sector: UInt64, count: UInt64) throws(DiskError) -> DiskExtent {
    try check(sector, count)
    guard !isReadOnly else { throw .readOnly }
    guard let overlay = overlayNumber else { return extent(image.number, sector, count) }
    try bringAlong(sector, count)
    return extent(overlay, sector, count)
  }

  /// What `prepareWrite` gave a place for is there: whoever reads these sectors finds it from now on.
  public func didWrite(sector: UInt64, count: UInt64) {
    guard overlayNumber != nil else { return }
    changed.withLock { $0.insert(sector, count: count) }
  }

  /// Copies what a write leaves of the granules at its ends into the overlay, as long as only the image has it.
  private func bringAlong(_ sector: UInt64, _ count: UInt64) throws(DiskError) {
    let whole = changed.withLock { $0.granules(holding: sector, count: count) }
    for part in [whole.lowerBound..<sector, sector + count..<min(whole.upperBound, sectorCount)] where !part.isEmpty {
      guard !changed.withLock({ $0.contains(part.lowerBound) }) else { continue }
      try copyToOverlay(UInt64(Self.sectorSize) * part.lowerBound, Self.sectorSize * part.count)
    }
  }

  /// Zeroes, too: what a failed write left in the overlay must not shine through.
  private func copyToOverlay(_ offset: UInt64, _ count: Int) throws(DiskError) {
    do throws(SystemError) {
      let bytes = try image.read(count, at: offset)
      guard bytes.count == count else { throw SystemError(code: EIO) }
      switch overlay {
      case .some(let file): try file.write(bytes, at: offset)
      case .none: break
      }
    } catch { throw .system(error) }
  }

  /// Returns once completed writes are on stable storage; after one failure it fails for ever,
  /// because the host may have dropped what it could not write.
  public func flush() throws(DiskError) {
    guard access == .readWrite else { return }
    guard !flushFailed.load(ordering: .relaxed) else { throw .system(SystemError(code: EIO)) }
    let code = synchronize(image.number)
    guard code == 0 else {
      flushFailed.store(true, ordering: .relaxed)
      throw .system(SystemError(code: code))
    }
  }

  /// The guest does not need these sectors any more; a host that cannot use that loses nothing.
  public func discard(sector: UInt64, count: UInt64) throws(DiskError) {
    try check(sector, count)
    guard !isReadOnly else { throw .readOnly }
    guard access == .readWrite, count > 0 else { return }
    try punch(image.number, FALLOC_FL_PUNCH_HOLE, sector, count, orWriteZeroes: false)
  }

  /// Makes sectors read as zero; with `mayUnmap` their space may go back to the host.
  public func writeZeroes(sector: UInt64, count: UInt64, mayUnmap: Bool) throws(DiskError) {
    let target = try prepareWrite(sector: sector, count: count)
    guard count > 0 else { return }
    let mode = mayUnmap || access == .snapshot ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE
    try punch(target.descriptor, mode, sector, count, orWriteZeroes: true)
    didWrite(sector: sector, count: count)
  }

  private func punch(_ descriptor: Int32, _ mode: Int32, _ sector: UInt64, _ count: UInt64, orWriteZeroes: Bool)
    throws(DiskError)
  {
    let place = extent(descriptor, sector, count)
    let result = linux_fallocate(descriptor, mode | FALLOC_FL_KEEP_SIZE, place.offset, Int64(place.count))
    if result == -Int(EOPNOTSUPP) || result == -Int(ENODEV) {
      guard orWriteZeroes else { return }
      return try writeZeroBytes(place)
    }
    try Self.check(result)
  }

  private func writeZeroBytes(_ place: DiskExtent) throws(DiskError) {
    let zeroes = [UInt8](repeating: 0, count: min(place.count, 1 << 16))
    var done = 0
    while done < place.count {
      let count = min(zeroes.count, place.count - done)
      let offset = place.offset + Int64(done)
      try Self.check(unsafe zeroes.withUnsafeBytes { unsafe linux_write_at(place.descriptor, $0.baseAddress, UInt(count), offset) })
      done += count
    }
  }

  private static func check(_ result: Int) throws(DiskError) {
    do throws(SystemError) { try SystemError.check(result) } catch { throw .system(error) }
  }

  private var overlayNumber: Int32? {
    switch overlay {
    case .some(let file): file.number
    case .none: nil
    }
  }

  private func check(_ sector: UInt64, _ count: UInt64) throws(DiskError) {
    let (end, overflow) = sector.addingReportingOverflow(count)
    guard !overflow, end <= sectorCount else { throw .outOfRange }
  }

  /// Only for checked sectors: the image's size fits into a signed number.
  private func extent(_ descriptor: Int32, _ sector: UInt64, _ count: UInt64) -> DiskExtent {
    DiskExtent(
      descriptor: descriptor, offset: Int64(sector) * Int64(Self.sectorSize), count: Int(count) * Self.sectorSize)
  }
}
