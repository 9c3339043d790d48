import GuestRAM
import Primitives

/// The places in a 64-bit Linux that hold its virtual address, as they follow the ELF file in a bzImage.
///
/// Three lists of 32-bit words, each after a zero: 64-bit places, 32-bit places relative to per-CPU data (gone
/// since 6.15), and 32-bit places. A place is the low half of its linked virtual address.
struct KernelRelocations {
  private let lists: [ArraySlice<UInt32>]

  /// Nil for a kernel that cannot be moved.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count >= 12, bytes.count % 4 == 0 else { return nil }
    var words: [UInt32] = []
    words.reserveCapacity(bytes.count / 4)
    var word: UInt32 = 0
    for (place, byte) in bytes.enumerated() {
      word = word >> 8 | UInt32(byte) << 24
      if place % 4 == 3 { words.append(word) }
    }
    let parts = words.split(separator: 0, omittingEmptySubsequences: false)
    guard let first = parts.first, first.isEmpty, parts.count == 3 || parts.count == 4 else { return nil }
    lists = parts.count == 3 ? [parts[1], [], parts[2]] : Array(parts.dropFirst())
  }

  /// The kernel has the first GiB of the address space from here on.
  private static let map: UInt64 = 0xFFFF_FFFF_8000_0000
  private static let mapSize: UInt64 = 1 << 30

  /// How far to move, chosen among all that Linux would choose among.
  static func shift(_ image: LinuxImage, seed: UInt64) -> UInt64? {
    let (end, overflow) = image.preferredAddress.addingReportingOverflow(image.memorySize)
    guard !overflow, end <= mapSize, image.alignment % (2 << 20) == 0 else { return nil }
    return seed % (1 + (mapSize - end) / image.alignment) * image.alignment
  }

  /// Changes what lies inside the kernel; a place outside of it is passed over.
  func apply(_ shift: UInt64, from start: UInt64, count: UInt64, in memory: GuestMemory) throws(GuestMemoryError) {
    func physical(_ place: UInt32) -> GuestAddress? {
      let address = UInt64(bitPattern: Int64(Int32(bitPattern: place))) &- Self.map
      return address >= start && address - start <= count - 8 ? GuestAddress(address) : nil
    }
    let half = UInt32(truncatingIfNeeded: shift)
    for place in lists[0].lazy.compactMap(physical) { try memory.store(memory.load(UInt64.self, at: place) &+ shift, at: place) }
    for place in lists[1].lazy.compactMap(physical) { try memory.store(memory.load(UInt32.self, at: place) &- half, at: place) }
    for place in lists[2].lazy.compactMap(physical) { try memory.store(memory.load(UInt32.self, at: place) &+ half, at: place) }
  }
}
