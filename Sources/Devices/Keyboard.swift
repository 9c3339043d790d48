/// A PS/2 keyboard at the other end of the controller's wire.
struct Keyboard: Sendable {
  private static let acknowledge: UInt8 = 0xFA
  private static let resend: UInt8 = 0xFE
  /// What a real keyboard can hold.
  private static let capacity = 16

  private var queue: [UInt8] = []
  private var isScanning = true
  /// The command that waits for its parameter.
  private var pendingCommand: UInt8?
  private var lastSent: UInt8 = 0

  var hasOutput: Bool { !queue.isEmpty }

  mutating func next() -> UInt8? {
    guard !queue.isEmpty else { return nil }
    lastSent = queue.removeFirst()
    return lastSent
  }

  /// All scancodes of a key or none, so that no key seems stuck.
  mutating func press(_ scancodes: [UInt8]) -> Bool {
    guard isScanning, scancodes.count <= Self.capacity - queue.count else { return false }
    queue += scancodes
    return true
  }

  /// A command or parameter byte from the host.
  mutating func receive(_ byte: UInt8) {
    if let command = pendingCommand {
      pendingCommand = nil
      // Asked for its scancode set, it names set 2, the only one it has.
      return command == 0xF0 && byte == 0 ? answer(Self.acknowledge, 0x02) : answer(Self.acknowledge)
    }
    switch byte {
    case 0xFF:
      self = Keyboard()
      answer(Self.acknowledge, 0xAA)
    case 0xED, 0xF0, 0xF3:
      pendingCommand = byte
      answer(Self.acknowledge)
    case 0xEE: answer(0xEE)
    case 0xF2: answer(Self.acknowledge, 0xAB, 0x83)
    case 0xF4:
      isScanning = true
      answer(Self.acknowledge)
    case 0xF5:
      isScanning = false
      answer(Self.acknowledge)
    case 0xF6: answer(Self.acknowledge)
    case 0xFE: answer(lastSent)
    default: answer(Self.resend)
    }
  }

  /// A host that never reads loses answers.
  private mutating func answer(_ bytes: UInt8...) {
    if bytes.count <= Self.capacity - queue.count { queue += bytes }
  }
}
