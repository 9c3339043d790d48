public import DeviceModel
public import Primitives

/// The i8042: a keyboard, a port for a mouse with nothing in it, and the oldest way to reset a PC.
///
/// Placed at two single ports, so offset 0 is port 0x60 and offset 1 is port 0x64.
public struct KeyboardController: RegisterDevice {
  public enum RegisterName: Sendable { case data, command }
  public static let registers = RegisterMap<RegisterName>(packed: [(.data, 1), (.command, 1)], byteCount: 2)
  public static let placement = Placement(
    "keyboard controller", ports: [PortRange(0x60, count: 1), PortRange(0x64, count: 1)],
    line: Platform.keyboardLine, acpiID: "PNP0303")
  /// The mouse's port for ACPI: Linux warns of a controller that lacks it.
  public static let mousePlacement = Placement("mouse port", line: Platform.mouseLine, acpiID: "PNP0F13")

  /// A byte for the guest and where it seems to come from.
  private struct Output {
    var byte: UInt8
    var isFromMouse = false
  }

  /// How long the next byte takes to arrive: the line must fall in between to make a new edge.
  private static let transferTime: UInt64 = 50_000
  private static let longestReply = 16

  private var output: Output?
  /// Answers of the controller, which go before what the keyboard sends.
  private var replies: [Output] = []
  private var keyboard = Keyboard()
  private var nextTransferAt = Instant.start
  /// The command whose data byte comes next.
  private var pendingCommand: UInt8?
  /// Interrupts on, keyboard on, scancodes translated: as firmware leaves a real one.
  private var configuration: UInt8 = 0x45
  private var lastWriteWasCommand = true
  private var addressLine20 = true
  private var wire = InterruptWire()
  private var mouseWire = InterruptWire(line: Platform.mouseLine)

  public init() {}

  /// Keys are pressed or released: their scancodes as the guest reads them (set 1). False if the
  /// keyboard has no room for all of them or is switched off.
  public mutating func press(scancodes: [UInt8], _ cycle: inout Cycle) -> Bool {
    let taken = keyboard.press(scancodes)
    driveLines(&cycle)
    return taken
  }

  public mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64 {
    transfer(cycle.now)
    defer { driveLines(&cycle) }
    guard register == .data else { return UInt64(status) }
    guard let taken = output else { return 0 }
    output = nil
    nextTransferAt = cycle.now + Self.transferTime
    return UInt64(taken.byte)
  }

  public mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle) {
    let byte = UInt8(truncatingIfNeeded: data.value)
    lastWriteWasCommand = register == .command
    switch register {
    case .command:
      pendingCommand = nil
      execute(byte, &cycle)
    case .data:
      if let command = pendingCommand {
        pendingCommand = nil
        finish(command, byte, &cycle)
      } else {
        configuration[bit: 4] = false
        keyboard.receive(byte)
      }
    }
    driveLines(&cycle)
  }

  public mutating func reset() { self = KeyboardController() }

  public var deadline: Instant? { output == nil && hasMore ? nextTransferAt : nil }

  public mutating func advance(_ cycle: inout Cycle) { driveLines(&cycle) }
}

extension KeyboardController {
  /// Never busy, self-test passed, not locked.
  private var status: UInt8 {
    var status: UInt8 = 0x14
    status[bit: 0] = output != nil
    status[bit: 3] = lastWriteWasCommand
    status[bit: 5] = output?.isFromMouse ?? false
    return status
  }

  private var outputPort: UInt8 {
    var port: UInt8 = 0x01
    port[bit: 1] = addressLine20
    port[bit: 4] = output != nil
    return port
  }

  private var isKeyboardOff: Bool { configuration[bit: 4] }
  private var hasMore: Bool { !replies.isEmpty || !isKeyboardOff && keyboard.hasOutput }

  private mutating func execute(_ command: UInt8, _ cycle: inout Cycle) {
    switch command {
    case 0x20: reply(configuration)
    case 0x60, 0xD1...0xD4: pendingCommand = command
    case 0xA7: configuration[bit: 5] = true
    case 0xA8: configuration[bit: 5] = false
    case 0xA9, 0xAB: reply(0x00)  // interface test passed
    case 0xAA: reply(0x55)  // self-test passed
    case 0xAD: configuration[bit: 4] = true
    case 0xAE: configuration[bit: 4] = false
    case 0xC0: reply(0x80)  // keyboard not locked
    case 0xD0: reply(outputPort)
    case 0xDD: addressLine20 = false
    case 0xDF: addressLine20 = true
    // Pulses the output port's low bits; bit 0 is the processors' reset.
    case 0xF0...0xFF where !command[bit: 0]: cycle.effects.append(.power(.reset))
    default: break
    }
  }

  private mutating func finish(_ command: UInt8, _ byte: UInt8, _ cycle: inout Cycle) {
    switch command {
    case 0x60: configuration = byte
    case 0xD1:
      addressLine20 = byte[bit: 1]
      if !byte[bit: 0] { cycle.effects.append(.power(.reset)) }
    case 0xD2: reply(byte)
    case 0xD3: reply(byte, asMouse: true)
    default: reply(0xFE, asMouse: true)  // no mouse: "send again"
    }
  }

  private mutating func reply(_ byte: UInt8, asMouse: Bool = false) {
    if replies.count < Self.longestReply { replies.append(Output(byte: byte, isFromMouse: asMouse)) }
  }

  /// Moves the next byte to where the guest reads it.
  private mutating func transfer(_ now: Instant) {
    guard output == nil, now >= nextTransferAt else { return }
    if !replies.isEmpty {
      output = replies.removeFirst()
    } else if !isKeyboardOff, let byte = keyboard.next() {
      output = Output(byte: byte)
    }
  }

  private mutating func driveLines(_ cycle: inout Cycle) {
    transfer(cycle.now)
    wire.drive(output?.isFromMouse == false && configuration[bit: 0], &cycle)
    mouseWire.drive(output?.isFromMouse == true && configuration[bit: 1], &cycle)
  }
}
