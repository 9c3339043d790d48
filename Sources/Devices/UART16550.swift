public import DeviceModel
public import Primitives

/// The first serial port: a 16550A whose transmitter sends in no time.
///
/// The interrupt line is a function of the registers, so a guest that never serves it sees one
/// steady level and costs nothing.
public struct UART16550: RegisterDevice {
  public enum RegisterName: Sendable {
    case data, interruptEnable, identification, lineControl
    case modemControl, lineStatus, modemStatus, scratch
  }

  public static let registers = RegisterMap<RegisterName>(
    packed: [
      (.data, 1), (.interruptEnable, 1), (.identification, 1), (.lineControl, 1),
      (.modemControl, 1), (.lineStatus, 1), (.modemStatus, 1), (.scratch, 1),
    ], byteCount: 8)

  public static let placement = Placement(
    "COM1", ports: [Platform.serial], line: Platform.serialLine, acpiID: "PNP0501")

  private static let fifoDepth = 16
  /// Four characters of ten bits at divisor 1: 40 * 16 cycles of 1.8432 MHz.
  private static let timeoutPerDivisor: UInt64 = 347_222

  private var received: [UInt8] = []
  /// Which of the received bytes is none, but a break.
  private var breakPlace: Int?
  private var overrun = false
  /// When the receiver last took or gave a byte; the character timeout counts from here.
  private var receiverActiveAt = Instant.start
  private var receiverTimedOut = false
  /// The "transmitter empty" interrupt waits to be identified.
  private var transmitterEmptied = false
  private var interruptEnable: UInt8 = 0
  private var fifoControl: UInt8 = 0
  private var lineControl: UInt8 = 0
  private var modemControl: UInt8 = 0
  private var modemDelta: UInt8 = 0
  private var scratch: UInt8 = 0
  private var divisor: UInt16 = 1
  /// The host was turned away and wants to hear of free room.
  private var refusedInput = false
  private var wire = InterruptWire()

  public init() {}

  /// A byte arrives on the line; false if there is no room for it yet.
  public mutating func receive(_ byte: UInt8, _ cycle: inout Cycle) -> Bool {
    guard !isLoopback, received.count < capacity else {
      refusedInput = true
      return false
    }
    accept(byte, cycle.now)
    finish(&cycle)
    return true
  }

  /// The line is broken for longer than a byte takes; false if there is no room for that.
  public mutating func receiveBreak(_ cycle: inout Cycle) -> Bool {
    let place = received.count
    guard receive(0, &cycle) else { return false }
    breakPlace = breakPlace ?? place
    return true
  }

  public mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64 {
    checkTimeout(cycle.now)
    defer { finish(&cycle) }
    switch register {
    case .data where isDivisorLatched: return UInt64(divisor & 0xFF)
    case .data: return UInt64(nextReceived(cycle.now))
    case .interruptEnable where isDivisorLatched: return UInt64(divisor >> 8)
    case .interruptEnable: return UInt64(interruptEnable)
    case .identification:
      let source = source
      if source == .transmitterEmpty { transmitterEmptied = false }
      return UInt64(source.rawValue | (isFIFOEnabled ? 0xC0 : 0))
    case .lineControl: return UInt64(lineControl)
    case .modemControl: return UInt64(modemControl)
    case .lineStatus:
      defer { overrun = false }
      return UInt64(lineStatus)
    case .modemStatus:
      defer { modemDelta = 0 }
      return UInt64(modemLines << 4 | modemDelta)
    case .scratch: return UInt64(scratch)
    }
  }

  public mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle) {
    let byte = UInt8(truncatingIfNeeded: data.value)
    checkTimeout(cycle.now)
    switch register {
    case .data where isDivisorLatched: divisor = divisor & 0xFF00 | UInt16(byte)
    case .data: transmit(byte, &cycle)
    case .interruptEnable where isDivisorLatched: divisor = divisor & 0xFF | UInt16(byte) << 8
    case .interruptEnable:
      // Enabling the interrupt of an already empty transmitter raises it at once.
      if byte[bit: 1], !interruptEnable[bit: 1] { transmitterEmptied = true }
      interruptEnable = byte & 0x0F
    case .identification: controlFIFO(byte)
    case .lineControl: lineControl = byte
    case .modemControl: controlModem(byte & 0x1F)
    case .lineStatus, .modemStatus: break
    case .scratch: scratch = byte
    }
    finish(&cycle)
  }

  public mutating func reset() { self = UART16550() }

  public var deadline: Instant? {
    guard isFIFOEnabled, interruptEnable[bit: 0], !receiverTimedOut, !received.isEmpty,
      received.count < trigger
    else { return nil }
    return receiverActiveAt + Self.timeoutPerDivisor * UInt64(max(divisor, 1))
  }

  public mutating func advance(_ cycle: inout Cycle) {
    checkTimeout(cycle.now)
    finish(&cycle)
  }
}

// MARK: - Receiver and transmitter

extension UART16550 {
  private var isFIFOEnabled: Bool { fifoControl[bit: 0] }
  private var isDivisorLatched: Bool { lineControl[bit: 7] }
  private var isLoopback: Bool { modemControl[bit: 4] }
  private var capacity: Int { isFIFOEnabled ? Self.fifoDepth : 1 }

  /// How many received bytes raise the interrupt.
  private var trigger: Int {
    guard isFIFOEnabled else { return 1 }
    return switch fifoControl[bits: 6...7] {
    case 0: 1
    case 1: 4
    case 2: 8
    default: 14
    }
  }

  /// A break is also a byte with no end, at which Linux looks second.
  private var lineStatus: UInt8 { (received.isEmpty ? 0 : 0x01) | (overrun ? 0x02 : 0) | (breakPlace == 0 ? 0x18 : 0) | 0x60 }

  private mutating func accept(_ byte: UInt8, _ now: Instant) {
    received.append(byte)
    receiverActiveAt = now
    receiverTimedOut = false
  }

  private mutating func nextReceived(_ now: Instant) -> UInt8 {
    guard !received.isEmpty else { return 0 }
    receiverActiveAt = now
    receiverTimedOut = false
    breakPlace = breakPlace.flatMap { $0 > 0 ? $0 - 1 : nil }
    return received.removeFirst()
  }

  private mutating func transmit(_ byte: UInt8, _ cycle: inout Cycle) {
    transmitterEmptied = true
    guard isLoopback else {
      cycle.effects.append(.byte(byte))
      return
    }
    if received.count < capacity { accept(byte, cycle.now) } else { overrun = true }
  }

  private mutating func controlFIFO(_ byte: UInt8) {
    if byte[bit: 0] != isFIFOEnabled || byte[bit: 0] && byte[bit: 1] {
      (received, breakPlace) = ([], nil)
      receiverTimedOut = false
    }
    // Without the enable bit the others are not programmed.
    fifoControl = byte[bit: 0] ? byte & 0xC1 : 0
  }

  private mutating func checkTimeout(_ now: Instant) {
    if let deadline, deadline <= now { receiverTimedOut = true }
  }
}

// MARK: - Modem lines

extension UART16550 {
  /// Clear to send, data set ready, ring and carrier, as bits 0 to 3.
  private var modemLines: UInt8 {
    // A host that is always there and ready; nothing rings.
    guard isLoopback else { return 0b1011 }
    var lines = modemControl & 0b1100
    lines[bit: 0] = modemControl[bit: 1]
    lines[bit: 1] = modemControl[bit: 0]
    return lines
  }

  private mutating func controlModem(_ byte: UInt8) {
    let before = modemLines
    modemControl = byte
    let changed = before ^ modemLines
    // Ring counts only when it ends.
    modemDelta |= changed & (0b1011 | before & 0b0100)
  }
}

// MARK: - Interrupts

extension UART16550 {
  /// What the identification register names, highest priority first.
  private enum Source: UInt8 {
    case lineStatus = 0x06
    case receivedData = 0x04
    case characterTimeout = 0x0C
    case transmitterEmpty = 0x02
    case modemStatus = 0x00
    case none = 0x01
  }

  private var source: Source {
    if interruptEnable[bit: 2], overrun { return .lineStatus }
    if interruptEnable[bit: 0], received.count >= trigger { return .receivedData }
    if interruptEnable[bit: 0], receiverTimedOut, !received.isEmpty { return .characterTimeout }
    if interruptEnable[bit: 1], transmitterEmptied { return .transmitterEmpty }
    if interruptEnable[bit: 3], modemDelta != 0 { return .modemStatus }
    return .none
  }

  /// After any change: drives the line, and calls a refused host back once there is room.
  private mutating func finish(_ cycle: inout Cycle) {
    wire.drive(source != .none, &cycle)
    if refusedInput, !isLoopback, received.count < capacity {
      refusedInput = false
      cycle.changes.insert(.work)
    }
  }
}
