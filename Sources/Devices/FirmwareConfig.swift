public import DeviceModel
public import Primitives

/// fw_cfg: the registers by which firmware reads numbered items and named files of the board. The items are on a
/// `FirmwareShelf`, where whoever serves the device looks for what is asked for.
public struct FirmwareConfig: Device {
  public static let placement = Placement(
    "firmware configuration", ports: [Platform.firmwareConfig], acpiID: "QEMU0002")

  /// "QEMU CFG", in the order of the bytes.
  private static let signature: [UInt8] = [0x51, 0x45, 0x4D, 0x55, 0x20, 0x43, 0x46, 0x47]
  private static let dmaRegister = 4..<12

  private let memory: any DirectMemory
  private var selected: UInt16 = 0
  private var position = 0
  /// The next bytes of the item, for firmware that reads one at a time. The first item is always the same.
  private var ahead = FirmwareConfig.name[...]
  /// Whether the item ends with them.
  private var isAtEnd = true
  private var dmaAddress = [UInt8](repeating: 0, count: 8)
  private var transfer: Transfer?
  /// What is asked for.
  public private(set) var request: FirmwareRequest?

  /// - Parameter memory: of the guest, for the DMA interface.
  public init(memory: any DirectMemory) { self.memory = memory }

  /// The bytes that were asked for, if they are still wanted.
  public mutating func complete(_ request: FirmwareRequest, with bytes: [UInt8], _ cycle: inout Cycle) {
    guard request == self.request else { return }
    self.request = nil
    isAtEnd = bytes.count < request.count
    if transfer == nil { ahead = bytes[...] } else { copy(bytes, count: request.count) }
    ask(&cycle)
  }

  /// The items are not what they were.
  public mutating func itemsChanged(_ cycle: inout Cycle) {
    move(to: position)
    ask(&cycle)
  }

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    defer { ask(&cycle) }
    return width.value { read(at: offset + $0) }
  }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    if offset == 0, width != .byte { select(UInt16(truncatingIfNeeded: value)) }
    width.forEachByte(of: value) { place, byte in
      guard Self.dmaRegister.contains(offset + place) else { return }
      dmaAddress[offset + place - Self.dmaRegister.lowerBound] = byte
      if offset + place + 1 == Self.dmaRegister.upperBound { startTransfer() }
    }
    ask(&cycle)
  }

  /// A copy that has had its share of one visit goes on at once.
  public var deadline: Instant? { transfer != nil && request == nil ? .start : nil }
  public mutating func advance(_ cycle: inout Cycle) {
    transfer?.visit = Self.visit
    ask(&cycle)
  }

  public mutating func reset() {
    transfer = nil
    select(0)
    (ahead, isAtEnd) = (Self.name[...], true)
    dmaAddress = [UInt8](repeating: 0, count: 8)
  }

  private mutating func read(at offset: Int) -> UInt8 {
    switch offset {
    case 1: nextByte()
    case Self.dmaRegister: Self.signature[offset - Self.dmaRegister.lowerBound]
    default: 0xFF
    }
  }
}

// MARK: - The selected item

extension FirmwareConfig {
  /// The item under key 0.
  private static let name = Array("QEMU".utf8)
  private static let largestCopy = 1 << 20
  /// How much is read ahead of single bytes.
  private static let page = 4096
  /// Beyond the end of every item.
  private static let farthest = 1 << 40

  private mutating func select(_ key: UInt16) {
    // Bit 14 asked for writing in old versions, which never was possible for these items.
    selected = key & ~0x4000
    move(to: 0)
  }

  private mutating func move(to place: Int) {
    position = min(place, Self.farthest)
    (ahead, isAtEnd) = ([], false)
    request = nil
  }

  private mutating func nextByte() -> UInt8 {
    guard let byte = ahead.popFirst() else { return 0 }
    position += 1
    return byte
  }

  /// Asks for what a transfer needs next, or for what may be read next.
  private mutating func ask(_ cycle: inout Cycle) {
    if request == nil {
      let count = transfer.map { min($0.left, $0.visit, Self.largestCopy) } ?? (ahead.isEmpty && !isAtEnd ? Self.page : 0)
      if count > 0 { request = FirmwareRequest(key: selected, start: position, count: count) }
    }
    if request != nil { cycle.changes.insert(.work) }
  }
}

// MARK: - DMA

extension FirmwareConfig {
  private static let failed: UInt8 = 0x01
  /// How much is copied in one visit. What is longer goes on later, so that no processor waits: its program polls the control word.
  private static let visit = 16 << 20

  /// A copy to the guest that is under way.
  private struct Transfer: Sendable {
    let block: GuestAddress
    var address: GuestAddress
    var left: Int
    /// How much of that in this visit.
    var visit = FirmwareConfig.visit
  }

  /// Carries out the control block whose address was written, big-endian like all of its fields.
  /// One at a time: as long as a copy is under way, nobody looks at another block.
  private mutating func startTransfer() {
    let address = GuestAddress(Self.number(dmaAddress[...]))
    dmaAddress = [UInt8](repeating: 0, count: 8)
    guard transfer == nil, let block = memory.copy(16, from: address) else { return }
    let control = UInt32(truncatingIfNeeded: Self.number(block[0..<4]))
    let count = Int(Self.number(block[4..<8]))
    let target = GuestAddress(Self.number(block[8..<16]))
    if control[bit: 3] { select(UInt16(truncatingIfNeeded: control >> 16)) }
    if control[bit: 1] {
      guard memory.contains(target, count: count) else { return report(false, at: address) }
      move(to: position)
      transfer = count > 0 ? Transfer(block: address, address: target, left: count) : nil
      return count > 0 ? () : report(true, at: address)
    }
    // Nothing that we hand over can be written.
    if control[bit: 4] { return report(false, at: address) }
    if control[bit: 2] { move(to: position + count) }
    report(true, at: address)
  }

  private func report(_ done: Bool, at block: GuestAddress) {
    _ = memory.put([0, 0, 0, done ? 0 : Self.failed], at: block)
  }

  /// Gives the guest the next bytes of the item, zeros after its end.
  private mutating func copy(_ bytes: [UInt8], count: Int) {
    guard var transfer else { return }
    _ = memory.put(bytes + [UInt8](repeating: 0, count: count - bytes.count), at: transfer.address)
    position += bytes.count
    transfer.address = transfer.address + count
    transfer.left -= count
    transfer.visit -= count
    self.transfer = transfer.left > 0 ? transfer : nil
    if transfer.left == 0 { report(true, at: transfer.block) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }
}
