internal import Primitives

/// Carries out `etc/table-loader`: places the board's ACPI tables and makes their pointers and checksums right.
struct TableLoader<H: Hardware> {
  /// A file that was placed; its name is in the script.
  private struct Placed {
    var name: GuestAddress
    var address: GuestAddress
    var size: UInt32
  }

  private enum Command {
    static var allocate: UInt32 { 1 }
    static var addPointer: UInt32 { 2 }
    static var addChecksum: UInt32 { 3 }
  }

  private static var commandSize: UInt32 { 128 }
  private static var nameSize: Int { 56 }

  let hardware: H
  let files: ConfigurationFiles<H>
  /// More than any script of tables has.
  private var placed: InlineArray<8, Placed>
  private var count = 0
  /// Where the root pointer is, for a kernel.
  private(set) var rootPointer: GuestAddress?

  init(hardware: H, files: ConfigurationFiles<H>) {
    self.hardware = hardware
    self.files = files
    placed = InlineArray(repeating: Placed(name: 0, address: 0, size: 0))
  }

  /// False if the script cannot be carried out.
  mutating func run(tables: inout Arena, anchors: inout Arena, map: inout MemoryMap<H>) -> Bool {
    guard let script = files.find("etc/table-loader") else { return true }
    // It lies at the arena's end, out of the way of what it places at the beginning.
    let end = tables.last.value + 1
    guard UInt64(script.size) <= end - tables.next.value else { return false }
    let start = GuestAddress(end - UInt64(script.size))
    guard files.copy(script.size, of: script.key, to: start) else { return false }
    var room = Arena(MemoryRange(tables.next, through: start))
    var offset: UInt32 = 0
    while offset + Self.commandSize <= script.size {
      guard carryOut(start + Int(offset), &room, &anchors, &map) else { return false }
      offset += Self.commandSize
    }
    tables = Arena(MemoryRange(room.next, through: tables.last))
    return true
  }

  private mutating func carryOut(
    _ command: GuestAddress, _ tables: inout Arena, _ anchors: inout Arena, _ map: inout MemoryMap<H>
  ) -> Bool {
    let name = command + 4
    switch hardware.dword(at: command) {
    case Command.allocate:
      guard let item = files.find(nameAt: name) else { return false }
      let alignment = max(hardware.dword(at: command + 60), 1)
      // 1 asks for any place, 2 for one where operating systems search.
      if hardware.byte(at: command + 64) == 2 { return put(item, name, anchors.take(item.size, alignment: alignment)) }
      return put(
        item, name,
        tables.take(item.size, alignment: alignment) ?? map.reserveTop(item.size, alignment: alignment))
    case Command.addPointer:
      let offset = hardware.dword(at: command + 116)
      return addPointer(in: name, at: offset, byteCount: hardware.byte(at: command + 120), to: command + 60)
    case Command.addChecksum:
      let start = hardware.dword(at: command + 64)
      return addChecksum(in: name, at: hardware.dword(at: command + 60), start, hardware.dword(at: command + 68))
    // Other commands are for later versions, and may be left out.
    default: return true
    }
  }

  private func find(_ name: GuestAddress) -> Placed? {
    for index in 0..<count where hardware.isSameText(placed[index].name, name, limit: Self.nameSize) {
      return placed[index]
    }
    return nil
  }

  private mutating func put(_ item: ConfigurationFiles<H>.Item, _ name: GuestAddress, _ address: GuestAddress?) -> Bool {
    guard let address, count < placed.count, files.copy(item.size, of: item.key, to: address) else { return false }
    placed[count] = Placed(name: name, address: address, size: item.size)
    count += 1
    if hardware.text(at: name, limit: Self.nameSize, is: "etc/acpi/rsdp") { rootPointer = address }
    return true
  }

  private func addPointer(in name: GuestAddress, at offset: UInt32, byteCount: UInt8, to target: GuestAddress) -> Bool {
    guard let file = find(name), let target = find(target), byteCount == 4 || byteCount == 8,
      file.size >= UInt32(byteCount), offset <= file.size - UInt32(byteCount)
    else { return false }
    let field = file.address + Int(offset)
    if byteCount == 4 {
      hardware.put(hardware.dword(at: field) &+ UInt32(truncatingIfNeeded: target.address.value), at: field)
    } else {
      hardware.put(hardware.qword(at: field) &+ target.address.value, at: field)
    }
    return true
  }

  private func addChecksum(in name: GuestAddress, at offset: UInt32, _ start: UInt32, _ size: UInt32) -> Bool {
    guard let file = find(name), offset < file.size, start <= file.size, size <= file.size - start else { return false }
    let field = file.address + Int(offset)
    hardware.put(UInt8(0), at: field)
    hardware.put(hardware.checksum(size, at: file.address + Int(start)), at: field)
    return true
  }
}

extension Hardware {
  /// What makes a range of bytes add up to zero.
  func checksum(_ count: UInt32, at address: GuestAddress) -> UInt8 {
    var sum: UInt8 = 0
    for offset in 0..<Int(count) { sum &+= byte(at: address + offset) }
    return 0 &- sum
  }
}
