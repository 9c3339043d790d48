internal import Primitives

/// What physical memory is, for whoever asks by INT 15h or gets it as a kernel.
struct MemoryMap<H: Hardware> {
  enum Kind {
    static var usable: UInt32 { 1 }
    static var reserved: UInt32 { 2 }
  }

  static var entrySize: Int { 20 }
  static var lowEnd: UInt64 { Platform.extendedBIOSData.value }
  static var oneMiB: UInt64 { 0x10_0000 }

  let hardware: H
  private(set) var count = 0
  /// Where the RAM that begins at 0 ends.
  private(set) var lowTop: UInt64 = 0
  /// The entry of the RAM from 1 MiB on.
  private var mainEntry = 0

  init(hardware: H) { self.hardware = hardware }

  /// Takes over the board's map, and reserves what is ours and PCI's configuration space. False if the board has none.
  mutating func make(from files: ConfigurationFiles<H>, configurationSpace: MemoryRange?) -> Bool {
    let room = WorkArea.tables
    guard let size = files.read("etc/e820", to: room) else { return false }
    var offset = 0
    while offset + Self.entrySize <= Int(size) {
      let entry = room.first + offset
      let kind = hardware.dword(at: entry + 16)
      add(hardware.qword(at: entry), hardware.qword(at: entry + 8), kind)
      offset += Self.entrySize
    }
    if let range = configurationSpace { put(range.first.value, range.count, Kind.reserved) }
    return lowTop >= Self.oneMiB
  }

  /// One entry of the board's; the first MiB of RAM is divided as on every PC.
  private mutating func add(_ start: UInt64, _ size: UInt64, _ kind: UInt32) {
    guard start == 0, kind == Kind.usable else { return put(start, size, kind) }
    guard lowTop == 0 else { return }
    lowTop = min(size, Platform.fourGiB)
    put(0, Self.lowEnd, Kind.usable)
    put(Self.lowEnd, Platform.legacyVideo.first.value - Self.lowEnd, Kind.reserved)
    put(0xE_0000, Self.oneMiB - 0xE_0000, Kind.reserved)
    mainEntry = count
    if size > Self.oneMiB { put(Self.oneMiB, size - Self.oneMiB, kind) }
  }

  private mutating func put(_ start: UInt64, _ size: UInt64, _ kind: UInt32) {
    guard count < WorkArea.largestMapCount else { return }
    let entry = address(of: count)
    hardware.put(start, at: entry)
    hardware.put(size, at: entry + 8)
    hardware.put(kind, at: entry + 16)
    count += 1
  }

  /// Takes so many bytes off the end of the RAM below 4 GiB for tables; nil if there is no such RAM to spare.
  mutating func reserveTop(_ size: UInt32, alignment: UInt32) -> GuestAddress? {
    guard count < WorkArea.largestMapCount, alignment > 0, alignment & (alignment - 1) == 0,
      UInt64(size) + UInt64(alignment) < (lowTop - Self.oneMiB) / 2
    else { return nil }
    // Whole pages, so that the rest of RAM stays in whole pages.
    let start = (lowTop - UInt64(size)) & ~(UInt64(max(alignment, 0x1000)) - 1)
    put(start, lowTop - start, Kind.reserved)
    hardware.put(start - Self.oneMiB, at: address(of: mainEntry) + 8)
    lowTop = start
    return GuestAddress(start)
  }

  func address(of index: Int) -> GuestAddress { WorkArea.memoryMap + index * Self.entrySize }
}
