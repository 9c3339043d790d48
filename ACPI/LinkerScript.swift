public import Primitives

/// How to place the tables in memory: the commands a firmware reads from `etc/table-loader`.
public struct LinkerScript: Sendable {
  /// A file the commands speak of, by its firmware configuration name.
  public enum File: String, Sendable {
    case tables = "etc/acpi/tables"
    case rsdp = "etc/acpi/rsdp"
  }

  /// Where the firmware puts a file.
  public enum Zone: UInt8, Sendable {
    case anywhere = 1
    /// 0xF0000 to 0xFFFFF, where operating systems search.
    case biosSegment = 2
  }

  public enum Command: Equatable, Sendable {
    case allocate(File, alignment: UInt32, Zone)
    /// Adds the address of file `target` to the little-endian field, which held an offset into it.
    case addPointer(in: File, at: Int, byteCount: Int, to: File)
    /// Makes the bytes of a range add up to zero with the byte at an offset.
    case addChecksum(in: File, at: Int, over: Range<Int>)
  }

  public internal(set) var commands: [Command] = []

  /// The commands as `etc/table-loader`: 128 bytes each.
  public var encoded: [UInt8] { commands.flatMap(Self.encode) }

  /// Carries the script out on the two files, for a machine that boots without firmware.
  public func run(
    tables: inout [UInt8], at tablesAddress: GuestAddress, rsdp: inout [UInt8], at rsdpAddress: GuestAddress
  ) {
    for command in commands {
      switch command {
      case .allocate: break
      case .addPointer(let file, let offset, let byteCount, let target):
        let base = target == .tables ? tablesAddress.value : rsdpAddress.value
        Self.edit(file, &tables, &rsdp) { Self.add(base, to: &$0, at: offset, byteCount: byteCount) }
      case .addChecksum(let file, let offset, let range):
        Self.edit(file, &tables, &rsdp) { $0[offset] &+= Checksum.of($0[range]) }
      }
    }
  }

  private static func edit(
    _ file: File, _ tables: inout [UInt8], _ rsdp: inout [UInt8], _ change: (inout [UInt8]) -> Void
  ) {
    if file == .tables { change(&tables) } else { change(&rsdp) }
  }

  private static func add(_ base: UInt64, to bytes: inout [UInt8], at offset: Int, byteCount: Int) {
    var carry: UInt64 = 0
    for index in 0..<byteCount {
      let sum = UInt64(bytes[offset + index]) + (base >> UInt64(8 * index)) & 0xFF + carry
      bytes[offset + index] = UInt8(truncatingIfNeeded: sum)
      carry = sum >> 8
    }
  }

  private static let entrySize = 128
  private static let nameSize = 56

  private static func encode(_ command: Command) -> [UInt8] {
    var bytes: [UInt8] = []
    switch command {
    case .allocate(let file, let alignment, let zone):
      bytes.append(littleEndian: UInt32(1))
      bytes += name(file)
      bytes.append(littleEndian: alignment)
      bytes.append(zone.rawValue)
    case .addPointer(let file, let offset, let byteCount, let target):
      bytes.append(littleEndian: UInt32(2))
      bytes += name(file) + name(target)
      bytes.append(littleEndian: UInt32(offset))
      bytes.append(UInt8(byteCount))
    case .addChecksum(let file, let offset, let range):
      bytes.append(littleEndian: UInt32(3))
      bytes += name(file)
      for value in [offset, range.lowerBound, range.count] { bytes.append(littleEndian: UInt32(value)) }
    }
    return bytes + [UInt8](repeating: 0, count: entrySize - bytes.count)
  }

  private static func name(_ file: File) -> [UInt8] {
    let text = [UInt8](file.rawValue.utf8)
    return text + [UInt8](repeating: 0, count: nameSize - text.count)
  }
}
