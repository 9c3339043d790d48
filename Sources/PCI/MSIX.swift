public import DeviceModel
public import Primitives

/// A function's table of message-signalled interrupts and what is pending (PCI 3.0, 6.8.2).
public struct MSIX: Sendable {
  struct Entry: Sendable {
    var message = MSIMessage(address: 0, data: 0)
    var masked = true
  }

  /// The capability's id.
  public static let capability: UInt8 = 0x11
  /// "No vector", as virtio writes it.
  public static let none: UInt16 = 0xFFFF

  private var entries: [Entry]
  private var pending: [Bool]
  public private(set) var enabled = false
  private var functionMasked = false

  public init(vectors: Int) {
    precondition((1...64).contains(vectors), "the pending bits are one quadword here")
    entries = Array(repeating: Entry(), count: vectors)
    pending = Array(repeating: false, count: vectors)
  }

  public var count: Int { entries.count }

  /// The capability's body, for a table and pending bits in one window.
  public func body(bar: UInt32, table: UInt32, pendingBits: UInt32) -> (bytes: [UInt8], writable: [UInt8]) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt16(truncatingIfNeeded: count - 1))
    bytes.append(littleEndian: table | bar)
    bytes.append(littleEndian: pendingBits | bar)
    return (bytes, [0x00, 0xC0])
  }

  /// Takes over the message control word after the guest wrote it.
  public mutating func setControl(_ control: UInt16, _ cycle: inout Cycle) {
    enabled = control[bit: 15]
    functionMasked = control[bit: 14]
    deliverPending(&cycle)
  }

  /// Sends a vector's message, or keeps it pending while it is masked.
  public mutating func raise(_ vector: UInt16, _ cycle: inout Cycle) {
    guard enabled, Int(vector) < count else { return }
    let entry = entries[Int(vector)]
    if functionMasked || entry.masked {
      pending[Int(vector)] = true
    } else {
      cycle.effects.append(.message(entry.message))
    }
  }

  private mutating func deliverPending(_ cycle: inout Cycle) {
    guard enabled, !functionMasked else { return }
    for i in entries.indices where pending[i] && !entries[i].masked {
      pending[i] = false
      cycle.effects.append(.message(entries[i].message))
    }
  }

  public mutating func reset() { self = MSIX(vectors: count) }

  // MARK: The table and the pending bits

  /// Software reads and writes whole, aligned doublewords or quadwords; anything else reads zero.
  private func isValid(_ width: AccessWidth, _ offset: Int) -> Bool {
    (width == .dword || width == .qword) && offset >= 0 && offset % width.byteCount == 0
  }

  public func readTable(_ width: AccessWidth, at offset: Int) -> UInt64 {
    guard isValid(width, offset) else { return 0 }
    let low = word(at: offset)
    return width == .dword ? low : low | word(at: offset + 4) << 32
  }

  private func word(at offset: Int) -> UInt64 {
    guard offset / 16 < count else { return 0 }
    let entry = entries[offset / 16]
    return switch offset % 16 {
    case 0: entry.message.address & 0xFFFF_FFFF
    case 4: entry.message.address >> 32
    case 8: UInt64(entry.message.data)
    default: entry.masked ? 1 : 0
    }
  }

  public mutating func writeTable(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    guard isValid(width, offset) else { return }
    setWord(UInt32(truncatingIfNeeded: value), at: offset)
    if width == .qword { setWord(UInt32(truncatingIfNeeded: value >> 32), at: offset + 4) }
    deliverPending(&cycle)
  }

  private mutating func setWord(_ value: UInt32, at offset: Int) {
    guard offset / 16 < count else { return }
    switch offset % 16 {
    case 0: entries[offset / 16].message.address[bits: 0...31] = UInt64(value & ~3)
    case 4: entries[offset / 16].message.address[bits: 32...63] = UInt64(value)
    case 8: entries[offset / 16].message.data = value
    default: entries[offset / 16].masked = value[bit: 0]
    }
  }

  public func readPending(_ width: AccessWidth, at offset: Int) -> UInt64 {
    guard isValid(width, offset), offset < 8 else { return 0 }
    var bits: UInt64 = 0
    for (i, isPending) in pending.enumerated() { bits[bit: i] = isPending }
    return bits >> UInt64(offset * 8) & width.mask
  }
}
