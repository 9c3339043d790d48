internal import Primitives

/// Puts a Multiboot kernel and its modules where the board says, tells the kernel of memory, and starts it.
///
/// The board hands over a stream: before each piece a record of its address, the bytes to copy, those to clear behind
/// them, and 1; behind the last piece the entry, the place of the kernel's information, and two zeroes.
struct MultibootLoader<H: Hardware> {
  static var fileName: Text { "etc/multiboot" }

  let hardware: H
  let files: ConfigurationFiles<H>
  let map: MemoryMap<H>
  let item: ConfigurationFiles<H>.Item

  /// Offsets in the information (Multiboot Specification 0.6.96, 3.3).
  private enum Offset {
    static var flags: Int { 0 }
    static var lowMemory: Int { 4 }
    static var highMemory: Int { 8 }
    static var mapSize: Int { 44 }
    static var mapPlace: Int { 48 }
  }

  /// Comes back only in a test, or if the kernel cannot be started.
  func start() throws(KernelLoader<H>.Problem) {
    var key: UInt16? = item.key
    while true {
      guard files.copy(16, of: key, to: WorkArea.record) else { throw .unreadable }
      key = nil
      let address = GuestAddress(UInt64(word(0)))
      guard word(3) != 0 else {
        tell(GuestAddress(UInt64(word(1))))
        return hardware.enterMultiboot(at: address, information: GuestAddress(UInt64(word(1))))
      }
      let (count, zeroes) = (word(1), word(2))
      guard address.value + UInt64(count) + UInt64(zeroes) <= map.lowTop else { throw .noRoom }
      guard count == 0 || files.copy(count, of: nil, to: address) else { throw .unreadable }
      hardware.fill(0, count: zeroes, at: address + Int(count))
    }
  }

  private func word(_ index: Int) -> UInt32 { hardware.dword(at: WorkArea.record + 4 * index) }

  private func tell(_ information: GuestAddress) {
    let memoryAndMap: UInt32 = 1 << 0 | 1 << 6
    hardware.put(hardware.dword(at: information + Offset.flags) | memoryAndMap, at: information + Offset.flags)
    hardware.put(UInt32(truncatingIfNeeded: MemoryMap<H>.lowEnd >> 10), at: information + Offset.lowMemory)
    hardware.put(UInt32(truncatingIfNeeded: (map.lowTop - MemoryMap<H>.oneMiB) >> 10), at: information + Offset.highMemory)
    var entry = GuestAddress(UInt64(hardware.dword(at: information + Offset.mapPlace)))
    for index in 0..<map.count {
      let size = UInt32(MemoryMap<H>.entrySize)
      hardware.put(size, at: entry)
      hardware.copy(size, from: map.address(of: index), to: entry + 4)
      entry = entry + 4 + Int(size)
    }
    hardware.put(UInt32(truncatingIfNeeded: map.count * (4 + MemoryMap<H>.entrySize)), at: information + Offset.mapSize)
  }
}
