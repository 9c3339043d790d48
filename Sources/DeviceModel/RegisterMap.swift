public import Primitives

/// Where each register of a block lies. Built from source code: a gap or an overlap is our own mistake.
public struct RegisterMap<Name: Sendable>: Sendable {
  public struct Entry: Sendable {
    public let name: Name
    public let offset: Int
    public let byteCount: Int
  }

  public let entries: [Entry]
  public let byteCount: Int
  /// The entry at each byte, -1 where there is none.
  @usableFromInline let index: [Int16]

  /// Registers one after the other, which must fill the block exactly.
  public init(packed sizes: [(Name, Int)], byteCount: Int) {
    var entries: [Entry] = []
    var offset = 0
    for (name, size) in sizes {
      entries.append(Entry(name: name, offset: offset, byteCount: size))
      offset += size
    }
    precondition(offset == byteCount, "a packed register map fills its block exactly")
    self.init(entries, byteCount: byteCount)
  }

  /// Registers at given offsets, as (name, offset, size); the rest of the block is reserved.
  public init(at places: [(Name, Int, Int)], byteCount: Int) {
    self.init(places.map { Entry(name: $0.0, offset: $0.1, byteCount: $0.2) }, byteCount: byteCount)
  }

  private init(_ entries: [Entry], byteCount: Int) {
    var index = [Int16](repeating: -1, count: byteCount)
    for (number, entry) in entries.enumerated() {
      precondition((1...8).contains(entry.byteCount), "a register has one to eight bytes")
      precondition(entry.offset + entry.byteCount <= byteCount, "a register lies inside its block")
      for byte in entry.offset..<(entry.offset + entry.byteCount) {
        precondition(index[byte] == -1, "registers do not overlap")
        index[byte] = Int16(number)
      }
    }
    self.entries = entries
    self.byteCount = byteCount
    self.index = index
  }

  @inlinable func entry(at offset: Int) -> Entry? {
    guard offset >= 0, offset < byteCount, index[offset] >= 0 else { return nil }
    return entries[Int(index[offset])]
  }
}

/// A write to one register, with the byte lanes it drives.
public struct RegisterWrite: Sendable {
  public let value: UInt64
  /// All ones in each byte that is written.
  public let lanes: UInt64

  @inlinable public init(value: UInt64, lanes: UInt64) {
    self.value = value & lanes
    self.lanes = lanes
  }

  /// The register's new value: written lanes from the write, the others as they were.
  @inlinable public func merged<T: FixedWidthInteger & UnsignedInteger>(into old: T) -> T {
    T(truncatingIfNeeded: value) | old & ~T(truncatingIfNeeded: lanes)
  }
}

/// A device whose registers are a table. Any width and alignment reaches it as whole-register accesses.
public protocol RegisterDevice: Device {
  associatedtype RegisterName: Sendable
  static var registers: RegisterMap<RegisterName> { get }
  mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64
  mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle)
}

extension RegisterDevice {
  @inlinable public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    var result: UInt64 = 0
    var byte = 0
    while byte < width.byteCount {
      guard let entry = Self.registers.entry(at: offset + byte) else {
        // Bytes that no register owns float high.
        result |= 0xFF << UInt64(byte * 8)
        byte += 1
        continue
      }
      let skip = offset + byte - entry.offset
      let value = read(entry.name, &cycle) >> UInt64(skip * 8)
      let count = min(entry.byteCount - skip, width.byteCount - byte)
      result |= (value & (UInt64.max >> UInt64(64 - count * 8))) << UInt64(byte * 8)
      byte += count
    }
    return result
  }

  @inlinable public mutating func write(
    _ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle
  ) {
    var byte = 0
    while byte < width.byteCount {
      guard let entry = Self.registers.entry(at: offset + byte) else {
        byte += 1
        continue
      }
      let skip = offset + byte - entry.offset
      let count = min(entry.byteCount - skip, width.byteCount - byte)
      let lanes = (UInt64.max >> UInt64(64 - count * 8)) << UInt64(skip * 8)
      write(
        RegisterWrite(value: (value >> UInt64(byte * 8)) << UInt64(skip * 8), lanes: lanes),
        to: entry.name, &cycle)
      byte += count
    }
  }
}
