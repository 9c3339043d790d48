/// Which sectors of a disk were changed: a bitmap in chunks, so that its size follows what was written.
struct SectorSet {
  struct Run: Equatable {
    let first: UInt64
    let count: UInt64
    let isMember: Bool
  }

  private static let sectorsPerChunk: UInt64 = 1 << 15
  private var chunks: [UInt64: [UInt64]] = [:]

  mutating func insert(_ first: UInt64, count: UInt64) {
    var sector = first
    let end = first + count
    while sector < end {
      let number = sector / Self.sectorsPerChunk
      let chunkEnd = min(end, (number + 1) * Self.sectorsPerChunk)
      var chunk = chunks.removeValue(forKey: number) ?? [UInt64](repeating: 0, count: Int(Self.sectorsPerChunk / 64))
      for i in sector..<chunkEnd { chunk[Int(i % Self.sectorsPerChunk / 64)] |= 1 << (i % 64) }
      chunks[number] = chunk
      sector = chunkEnd
    }
  }

  func contains(_ sector: UInt64) -> Bool {
    guard let chunk = chunks[sector / Self.sectorsPerChunk] else { return false }
    return chunk[Int(sector % Self.sectorsPerChunk / 64)] >> (sector % 64) & 1 == 1
  }

  /// A range cut into stretches that are all inside or all outside.
  func runs(from first: UInt64, count: UInt64) -> [Run] {
    var runs: [Run] = []
    var start = first
    let end = first + count
    while start < end {
      let isMember = contains(start)
      var next = start + 1
      while next < end, contains(next) == isMember { next += 1 }
      runs.append(Run(first: start, count: next - start, isMember: isMember))
      start = next
    }
    return runs
  }
}
