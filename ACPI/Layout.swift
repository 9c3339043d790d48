import Primitives

/// The blob of tables while it grows, and what a loader has to do to it.
struct Layout {
  private(set) var bytes: [UInt8] = []
  private(set) var commands: [LinkerScript.Command] = []

  /// Appends a table and gives its offset; `room` keeps the following ones where they are when it grows.
  mutating func put(_ table: [UInt8], alignment: UInt = 8, room: Int = 0) -> Int {
    let offset = Int(UInt(bytes.count).roundedUp(toMultipleOf: alignment))
    pad(to: offset)
    bytes += table
    pad(to: offset + room)
    return offset
  }

  /// Appends a table without pointers.
  mutating func seal(_ table: [UInt8], room: Int = 0) -> Int {
    let offset = put(table, room: room)
    addChecksum(offset)
    return offset
  }

  /// The field at an offset points to a table.
  mutating func point(from offset: Int, byteCount: Int) {
    commands.append(.addPointer(in: .tables, at: offset, byteCount: byteCount, to: .tables))
  }

  /// The table at an offset, whose pointers are all known, gets its checksum.
  mutating func addChecksum(_ offset: Int) {
    let length = bytes.load(UInt32.self, at: offset + 4).map(Int.init) ?? 0
    commands.append(.addChecksum(in: .tables, at: offset + 9, over: offset..<(offset + length)))
  }

  private mutating func pad(to count: Int) {
    bytes += [UInt8](repeating: 0, count: max(0, count - bytes.count))
  }
}
