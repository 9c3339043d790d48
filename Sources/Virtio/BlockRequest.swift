public import Primitives

/// What a disk's worker does for the driver. Data moves straight between the file and guest RAM.
public struct BlockRequest: Equatable, Sendable {
  public enum Operation: Equatable, Sendable {
    /// From the disk into the segments.
    case read
    /// From the segments to the disk.
    case write
    /// Everything completed so far becomes durable.
    case flush
    /// The sectors' contents no longer matter.
    case discard
    /// The sectors read as zeros; they may be given back to the host.
    case writeZeroes(mayUnmap: Bool)
  }

  /// Names the request to `complete`.
  public let token: UInt64
  public let operation: Operation
  /// The first 512-byte sector.
  public let sector: UInt64
  /// How many sectors, all inside the disk.
  public let sectorCount: UInt64
  /// Guest RAM to read into or to write from; together `sectorCount` sectors.
  public let segments: ArraySlice<MemorySegment>
}
