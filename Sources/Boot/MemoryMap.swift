import Primitives

/// What the machine tells its software about physical memory (the BIOS' "e820" map).
public struct MemoryMap: Equatable, Sendable {
  public enum Kind: UInt32, Sendable {
    case usable = 1
    case reserved = 2
  }
  public struct Entry: Equatable, Sendable {
    public let start: UInt64
    public let count: UInt64
    public let kind: Kind

    public init(start: UInt64, count: UInt64, kind: Kind) {
      self.start = start
      self.count = count
      self.kind = kind
    }
    init(_ range: MemoryRange, _ kind: Kind) {
      self.init(start: range.first.value, count: range.count, kind: kind)
    }
  }
  public let entries: [Entry]

  /// For a kernel that starts without firmware; the tables lie in the top 128 KiB below 1 MiB.
  public init(lowSize: UInt64, highSize: UInt64) {
    let base = Platform.extendedBIOSData.value
    let tables = Platform.rootPointerArea.value
    let oneMiB: UInt64 = 0x10_0000
    var entries = [
      Entry(start: 0, count: base, kind: .usable),
      Entry(start: base, count: Platform.legacyVideo.first.value - base, kind: .reserved),
      Entry(start: tables, count: oneMiB - tables, kind: .reserved),
    ]
    if lowSize > oneMiB { entries.append(Entry(start: oneMiB, count: lowSize - oneMiB, kind: .usable)) }
    // Linux believes in memory-mapped configuration space only if it is reserved here.
    entries.append(Entry(Platform.ecam, .reserved))
    entries.append(Entry(Platform.kvmPrivate, .reserved))
    if highSize > 0 { entries.append(Entry(start: Platform.highRAMStart, count: highSize, kind: .usable)) }
    self.entries = entries
  }

  /// For a firmware, which knows best what it does with the first MiB.
  public init(firmwareLowSize lowSize: UInt64, highSize: UInt64) {
    var entries = [Entry(start: 0, count: lowSize, kind: .usable), Entry(Platform.kvmPrivate, .reserved)]
    if highSize > 0 { entries.append(Entry(start: Platform.highRAMStart, count: highSize, kind: .usable)) }
    self.entries = entries
  }

  /// As Linux' boot parameters hold it: address, size, kind, 20 bytes each.
  public var packed: [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries {
      bytes.append(littleEndian: entry.start)
      bytes.append(littleEndian: entry.count)
      bytes.append(littleEndian: entry.kind.rawValue)
    }
    return bytes
  }
}
