public import DeviceModel
public import Primitives

/// fw_cfg: numbered items and named files that the board hands to its firmware.
public struct FirmwareConfig: Device {
  /// One thing to hand over, by its fixed key or by name.
  public struct Item: Sendable {
    public enum Name: Hashable, Sendable {
      case key(UInt16)
      case file(String)
    }

    public var name: Name
    public var content: FirmwareContent

    public init(_ name: Name, _ content: FirmwareContent) {
      self.name = name
      self.content = content
    }

    public init(_ name: Name, _ bytes: [UInt8]) { self.init(name, .bytes(bytes)) }
  }

  public static let placement = Placement(
    "firmware configuration", ports: [Platform.firmwareConfig], acpiID: "QEMU0002")

  /// "QEMU CFG", in the order of the bytes.
  private static let signature: [UInt8] = [0x51, 0x45, 0x4D, 0x55, 0x20, 0x43, 0x46, 0x47]
  private static let dmaRegister = 4..<12

  private var items: [UInt16: FirmwareContent]
  private let keys: [String: UInt16]
  private let memory: (any DirectMemory)?
  private var selected: UInt16 = 0
  private var position = 0
  /// The next bytes of the item, for firmware that reads one at a time.
  private var ahead: ArraySlice<UInt8> = []
  private var dmaAddress = [UInt8](repeating: 0, count: 8)
  private var transfer: Transfer?

  /// The items every board has, and `extra` ones, which win over them. Without `memory` there is
  /// no DMA interface.
  public init(
    cpuCount: Int, memorySize: UInt64, extra: [Item] = [], memory: (any DirectMemory)? = nil
  ) throws(FirmwareConfigError) {
    var items = Self.boardItems(cpuCount: cpuCount, memorySize: memorySize, hasDMA: memory != nil)
      .mapValues(FirmwareContent.bytes)
    let directory = try FirmwareDirectory(extra)
    for item in extra { if case .key(let key) = item.name { items[key] = item.content } }
    for file in directory.files { items[file.key] = file.content }
    items[Key.directory] = .directory(directory)
    self.items = items
    keys = Dictionary(uniqueKeysWithValues: directory.files.map { ($0.name, $0.key) })
    self.memory = memory
  }

  /// New content for a file, because something it describes has moved. False if there is no such
  /// file, or if its size, which firmware may already know, would change.
  public mutating func replace(_ file: String, with bytes: [UInt8]) -> Bool {
    guard let key = keys[file], items[key]?.count == bytes.count else { return false }
    items[key] = .bytes(bytes)
    ahead = []
    return true
  }

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    width.value { read(at: offset + $0) }
  }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    if offset == 0, width != .byte { select(UInt16(truncatingIfNeeded: value)) }
    guard memory != nil else { return }
    width.forEachByte(of: value) { place, byte in
      guard Self.dmaRegister.contains(offset + place) else { return }
      dmaAddress[offset + place - Self.dmaRegister.lowerBound] = byte
      if offset + place + 1 == Self.dmaRegister.upperBound { startTransfer() }
    }
  }

  public var deadline: Instant? { transfer == nil ? nil : .start }
  public mutating func advance(_ cycle: inout Cycle) { continueTransfer() }

  public mutating func reset() {
    select(0)
    transfer = nil
    dmaAddress = [UInt8](repeating: 0, count: 8)
  }

  private mutating func read(at offset: Int) -> UInt8 {
    switch offset {
    case 1: nextByte()
    case Self.dmaRegister where memory != nil: Self.signature[offset - Self.dmaRegister.lowerBound]
    default: 0xFF
    }
  }
}

// MARK: - The selected item

extension FirmwareConfig {
  private mutating func select(_ key: UInt16) {
    // Bit 14 asked for writing in old versions, which never was possible for these items.
    selected = key & ~0x4000
    position = 0
    ahead = []
  }

  private var remaining: Int { max((items[selected]?.count ?? 0) - position, 0) }

  private static let largestCopy = 1 << 20
  /// How much is read ahead of single bytes.
  private static let page = 4096

  private mutating func nextByte() -> UInt8 {
    if ahead.isEmpty {
      let start = position
      ahead = take(Self.page)[...]
      position = start
    }
    guard let byte = ahead.popFirst() else { return 0 }
    position += 1
    return byte
  }

  /// The next bytes of the item, as many as there still are.
  private mutating func take(_ count: Int) -> [UInt8] {
    let count = min(count, remaining)
    guard count > 0, let item = items[selected] else { return [] }
    let start = position
    skip(count)
    return item.bytes(start..<position)
  }

  private mutating func skip(_ count: Int) {
    position += min(count, remaining)
    ahead = []
  }
}

// MARK: - DMA

extension FirmwareConfig {
  private static let failed: UInt8 = 0x01
  /// How much is copied in one visit: what is longer keeps no processor waiting, which polls the control word.
  private static let visit = 16 << 20

  /// A copy to the guest that is under way.
  private struct Transfer: Sendable {
    let block: GuestAddress
    var address: GuestAddress
    var left: Int
  }

  /// Carries out the control block whose address was written, big-endian like all of its fields.
  /// One at a time: as long as a copy is under way, nobody looks at another block.
  private mutating func startTransfer() {
    let address = GuestAddress(Self.number(dmaAddress[...]))
    dmaAddress = [UInt8](repeating: 0, count: 8)
    guard transfer == nil, let memory, let block = memory.copy(16, from: address) else { return }
    let control = UInt32(truncatingIfNeeded: Self.number(block[0..<4]))
    let count = Int(Self.number(block[4..<8]))
    let target = GuestAddress(Self.number(block[8..<16]))
    if control[bit: 3] { select(UInt16(truncatingIfNeeded: control >> 16)) }
    if control[bit: 1] {
      guard memory.contains(target, count: count) else { return report(false, at: address) }
      transfer = Transfer(block: address, address: target, left: count)
      return continueTransfer()
    }
    // Nothing that we hand over can be written.
    if control[bit: 4] { return report(false, at: address) }
    if control[bit: 2] { skip(count) }
    report(true, at: address)
  }

  private func report(_ done: Bool, at block: GuestAddress) {
    _ = memory?.put([0, 0, 0, done ? 0 : Self.failed], at: block)
  }

  /// Gives the guest the next bytes of the item, zeros after its end.
  private mutating func continueTransfer() {
    guard var transfer, let memory else { return }
    var rest = min(transfer.left, Self.visit)
    transfer.left -= rest
    while rest > 0 {
      let size = min(rest, Self.largestCopy)
      var bytes = take(size)
      bytes += [UInt8](repeating: 0, count: size - bytes.count)
      _ = memory.put(bytes, at: transfer.address)
      transfer.address = transfer.address + size
      rest -= size
    }
    self.transfer = transfer.left > 0 ? transfer : nil
    if transfer.left == 0 { report(true, at: transfer.block) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }
}
