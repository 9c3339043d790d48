public import DeviceModel
public import Primitives

/// The PC's two 8259A interrupt controllers and their edge/level registers.
///
/// Offsets: 0, 1 the first chip (ports 20, 21), 2, 3 the second (A0, A1), 4, 5 ELCR (4D0, 4D1).
public struct LegacyPIC: Device {
  public static let placement = Placement(
    "pic", ports: [PortRange(0x20, count: 2), PortRange(0xA0, count: 2), PortRange(PCIRouting.levelTriggered, count: 2)],
    acpiID: "PNP0000")

  /// The offset of the edge/level registers.
  public static let levelRegisters = 4

  private var first = PICChip()
  private var second = PICChip()

  public init() {}

  /// Whether INTR is raised.
  public var output: Bool { first.pending != nil }

  /// Drives ISA line 0 to 15; line 2 is the cascade and belongs to no device.
  public mutating func setLine(_ irq: Int, _ level: Bool) {
    switch irq {
    case 2: return
    case 0..<8: first.setLine(irq, level)
    case 8..<16:
      second.setLine(irq - 8, level)
      cascade()
    default: return
    }
  }

  /// The processor's interrupt-acknowledge cycle: the vector to run.
  public mutating func acknowledge() -> UInt8 {
    let input = first.acknowledge()
    guard input == 2 else { return first.vectorBase | UInt8(truncatingIfNeeded: input) }
    let vector = second.vectorBase | UInt8(truncatingIfNeeded: second.acknowledge())
    cascade()
    return vector
  }

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    let value = width.value { readByte(at: offset &+ $0) }
    cascade()
    return value
  }

  public mutating func write(
    _ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle
  ) {
    width.forEachByte(of: value) { writeByte($1, at: offset &+ $0) }
    cascade()
  }

  public mutating func reset() {
    first.reset()
    second.reset()
    cascade()
  }

  private mutating func readByte(at offset: Int) -> UInt8 {
    switch offset {
    case 0: first.readCommand()
    case 1: first.readMask()
    case 2: second.readCommand()
    case 3: second.readMask()
    case 4: first.levelTriggered
    case 5: second.levelTriggered
    default: 0xFF
    }
  }

  private mutating func writeByte(_ value: UInt8, at offset: Int) {
    switch offset {
    case 0: first.writeCommand(value)
    case 1: first.writeData(value)
    case 2: second.writeCommand(value)
    case 3: second.writeData(value)
    // Timer, keyboard, cascade, clock and coprocessor are always edge-triggered.
    case 4: first.levelTriggered = value & 0xF8
    case 5: second.levelTriggered = value & 0xDE
    default: return
    }
  }

  private mutating func cascade() { first.setCascade(second.pending != nil) }
}
