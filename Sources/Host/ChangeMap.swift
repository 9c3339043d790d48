/// Which parts of a disk were changed: a bit for each granule of sectors, in chunks that are made when they are needed.
///
/// Small disks have a bit for each sector. Large ones have larger granules, so that no guest fills the host's memory with
/// bits; whoever changes a part of a granule has to bring the rest along.
struct ChangeMap {
  struct Run: Equatable {
    let first: UInt64
    let count: UInt64
    let isChanged: Bool
  }

  /// 16 MiB.
  static let mostBits: UInt64 = 1 << 27
  /// 1 MiB: bringing along more would take too long.
  static let largestGranule: UInt64 = 1 << 11
  static let mostSectors = mostBits * largestGranule

  private static let bitsPerChunk: UInt64 = 1 << 15

  /// Sectors for each bit.
  let granule: UInt64
  private var chunks: [UInt64: [UInt64]] = [:]

  /// - Parameter sectorCount: at most `mostSectors`.
  init(sectorCount: UInt64) {
    var granule: UInt64 = 1
    while sectorCount / granule > Self.mostBits, granule < Self.largestGranule { granule *= 2 }
    self.granule = granule
  }

  /// The granules that hold these sectors, as sectors.
  func granules(holding first: UInt64, count: UInt64) -> Range<UInt64> {
    count == 0 ? first..<first : first / granule * granule..<((first + count - 1) / granule + 1) * granule
  }

  /// Marks every granule that holds one of these sectors.
  mutating func insert(_ first: UInt64, count: UInt64) {
    guard count > 0 else { return }
    var bit = first / granule
    let end = (first + count - 1) / granule + 1
    while bit < end {
      let wordEnd = min(end, (bit / 64 + 1) * 64)
      let mask = (UInt64.max >> (64 - (wordEnd - bit))) << (bit % 64)
      chunks[bit / Self.bitsPerChunk, default: Array(repeating: 0, count: Int(Self.bitsPerChunk / 64))][
        Int(bit % Self.bitsPerChunk / 64)] |= mask
      bit = wordEnd
    }
  }

  func contains(_ sector: UInt64) -> Bool {
    let bit = sector / granule
    guard let chunk = chunks[bit / Self.bitsPerChunk] else { return false }
    return chunk[Int(bit % Self.bitsPerChunk / 64)] >> (bit % 64) & 1 == 1
  }

  /// A range cut into stretches that are all changed or all unchanged.
  func runs(from first: UInt64, count: UInt64) -> [Run] {
    var runs: [Run] = []
    var start = first
    let end = first + count
    while start < end {
      let isChanged = contains(start)
      var next = start
      repeat { next = min(end, (next / granule + 1) * granule) } while next < end && contains(next) == isChanged
      runs.append(Run(first: start, count: next - start, isChanged: isChanged))
      start = next
    }
    return runs
  }
}
