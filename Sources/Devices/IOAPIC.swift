public import DeviceModel
internal import Primitives

/// The I/O APIC: 24 inputs, each with a redirection entry that says which message it sends.
public struct IOAPIC: RegisterDevice {
  public static let placement = Placement(
    "ioapic", memory: Platform.ioAPIC, selector: .memory(MemoryRange(Platform.ioAPIC.first, count: 4)))
  public static let pinCount = 24

  public enum RegisterName: Sendable { case select, window }
  public static let registers = RegisterMap<RegisterName>(
    at: [(.select, 0x00, 4), (.window, 0x10, 4)], byteCount: 0x1000)

  /// One redirection entry, in the bits of the data sheet.
  private struct Entry: Sendable {
    static let writable: UInt64 = 0xFF00_0000_0001_AFFF

    var raw: UInt64 = 1 << 16

    var isMasked: Bool { raw[bit: 16] }
    /// Level-triggered; only modes with a vector can be.
    var isLevel: Bool { raw[bit: 15] && raw[bits: 8...10] <= 1 }
    var vector: UInt8 { UInt8(truncatingIfNeeded: raw) }
    /// A level interrupt was sent, and no processor has ended it yet.
    var isInService: Bool {
      get { raw[bit: 14] }
      set { raw[bit: 14] = newValue }
    }

    var message: MSIMessage {
      let address: UInt64 = 0xFEE0_0000 | raw[bits: 56...63] << 12 | (raw[bit: 11] ? 4 : 0)
      let trigger: UInt64 = isLevel ? 0xC000 : 0
      return MSIMessage(address: address, data: UInt32(truncatingIfNeeded: raw & 0x7FF | trigger))
    }
  }

  private var entries = [Entry](repeating: Entry(), count: pinCount)
  /// What the level-triggered inputs send, masked ones too: their last interrupt may not have ended yet.
  public private(set) var levelMessages: [(pin: Int, message: MSIMessage)] = []
  private var lines: UInt32 = 0
  private var selected: UInt8 = 0
  private var id: UInt32 = 0

  public init() {}

  /// Power-on; the lines belong to the devices and stay.
  public mutating func reset() {
    let lines = self.lines
    self = IOAPIC()
    self.lines = lines
  }

  /// Drives an input. Polarity is not modelled: high means that somebody wants service.
  public mutating func setLine(_ pin: Int, _ level: Bool, _ cycle: inout Cycle) {
    guard entries.indices.contains(pin) else { return }
    let rises = level && !lines[bit: pin]
    lines[bit: pin] = level
    if entries[pin].isLevel {
      serveLevel(pin, &cycle)
    } else if rises, !entries[pin].isMasked {
      cycle.effects.append(.message(entries[pin].message))
    }
  }

  /// A processor ended a level interrupt: inputs that still ask for it send it again.
  public mutating func endOfInterrupt(_ vector: UInt8, _ cycle: inout Cycle) {
    for pin in entries.indices where entries[pin].isInService && entries[pin].vector == vector {
      entries[pin].isInService = false
      serveLevel(pin, &cycle)
    }
  }

  public mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64 {
    switch register {
    case .select: UInt64(selected)
    case .window: UInt64(readWindow())
    }
  }

  public mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle) {
    switch register {
    case .select: selected = data.merged(into: selected)
    case .window: writeWindow(data, &cycle)
    }
  }

  private func readWindow() -> UInt32 {
    switch selected {
    // Id, and the arbitration id that follows it.
    case 0, 2: return id
    // 24 entries, version 1.1.
    case 1: return 0x0017_0011
    default:
      guard let (pin, shift) = entryPlace else { return .max }
      return UInt32(truncatingIfNeeded: entries[pin].raw >> shift)
    }
  }

  private mutating func writeWindow(_ data: RegisterWrite, _ cycle: inout Cycle) {
    if selected == 0 {
      id = data.merged(into: id) & 0x0F00_0000
    } else if let (pin, shift) = entryPlace {
      let lanes = data.lanes << shift & Entry.writable
      entries[pin].raw = entries[pin].raw & ~lanes | data.value << shift & lanes
      // An entry made edge-triggered forgets its interrupt; software clears a stuck one this way.
      if !entries[pin].isLevel { entries[pin].isInService = false }
      levelMessages = entries.indices.filter { entries[$0].isLevel }.map { ($0, entries[$0].message) }
      serveLevel(pin, &cycle)
    }
  }

  /// The entry that is selected, and where its half begins.
  private var entryPlace: (pin: Int, shift: UInt64)? {
    let index = Int(selected) - 0x10
    guard index >= 0, entries.indices.contains(index / 2) else { return nil }
    return (index / 2, UInt64(index % 2 * 32))
  }

  private mutating func serveLevel(_ pin: Int, _ cycle: inout Cycle) {
    let entry = entries[pin]
    guard entry.isLevel, lines[bit: pin], !entry.isMasked, !entry.isInService else { return }
    entries[pin].isInService = true
    cycle.effects.append(.message(entry.message))
  }
}
