internal import Primitives

/// The reader of fw_cfg: items by key and files by name, copied into memory by the device itself.
struct ConfigurationFiles<H: Hardware> {
  /// Something that the board hands over.
  struct Item: Equatable {
    var key: UInt16
    var size: UInt32
  }

  enum Key {
    static var signature: UInt16 { 0x00 }
    static var version: UInt16 { 0x01 }
    static var directory: UInt16 { 0x19 }
    static var kernelSize: UInt16 { 0x08 }
    static var initrdSize: UInt16 { 0x0B }
    static var kernel: UInt16 { 0x11 }
    static var initrd: UInt16 { 0x12 }
    static var commandLineSize: UInt16 { 0x14 }
    static var commandLine: UInt16 { 0x15 }
    static var setupSize: UInt16 { 0x17 }
    static var setup: UInt16 { 0x18 }
  }

  let hardware: H
  private var base: Port { Platform.firmwareConfig.first }
  private static var entrySize: UInt32 { 64 }
  private static var nameSize: Int { 56 }

  /// Whether there is an interface that can copy.
  var isPresent: Bool {
    number(Key.signature) == 0x554D_4551 && number(Key.version)[bit: 1]  // "QEMU"
  }

  /// The first four bytes of an item, read through the data port.
  func number(_ key: UInt16) -> UInt32 {
    hardware.output(UInt32(key), .word, to: base)
    var value: UInt32 = 0
    for byte in 0..<4 { value |= hardware.input(.byte, from: base + 1) << UInt32(8 * byte) }
    return value
  }

  /// Copies the start of an item, or what follows the part copied last.
  func copy(_ count: UInt32, of key: UInt16?, to address: GuestAddress) -> Bool {
    let block = WorkArea.transfer
    let control: UInt32 = key.map { UInt32($0) << 16 | 0x0A } ?? 0x02
    hardware.put(control.byteSwapped, at: block)
    hardware.put(count.byteSwapped, at: block + 4)
    hardware.put(address.value.byteSwapped, at: block + 8)
    hardware.output(0, .dword, to: base + 4)
    hardware.output(UInt32(truncatingIfNeeded: block.value).byteSwapped, .dword, to: base + 8)
    // The board copies what is long in pieces: all bits but "error" are gone when it is done.
    var left = hardware.dword(at: block).byteSwapped
    while left & ~1 != 0 { left = hardware.dword(at: block).byteSwapped }
    return left == 0
  }

  func find(_ name: Text) -> Item? { find { hardware.text(at: $0, limit: Self.nameSize, is: name) } }

  /// Looks a file up whose name is in memory.
  func find(nameAt name: GuestAddress) -> Item? { find { hardware.isSameText($0, name, limit: Self.nameSize) } }

  /// Looks a file up in the directory, one entry at a time.
  private func find(_ isWanted: (GuestAddress) -> Bool) -> Item? {
    let entry = WorkArea.record
    guard copy(4, of: Key.directory, to: entry) else { return nil }
    let count = min(hardware.bigDword(at: entry), 4096)
    for _ in 0..<count {
      guard copy(Self.entrySize, of: nil, to: entry) else { return nil }
      if isWanted(entry + 8) {
        return Item(key: hardware.word(at: entry + 4).byteSwapped, size: hardware.bigDword(at: entry))
      }
    }
    return nil
  }

  /// A whole file, if there is one of that name and it fits.
  func read(_ name: Text, to room: MemoryRange) -> UInt32? {
    guard let item = find(name), UInt64(item.size) <= room.count, copy(item.size, of: item.key, to: room.first)
    else { return nil }
    return item.size
  }
}
