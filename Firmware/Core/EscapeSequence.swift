/// The keys for which a terminal sends several bytes, ESC first (ECMA-48).
struct EscapeSequence {
  private var bytes: UInt8 = 0
  private var parameter: UInt8 = 0
  /// When an ESC arrived; if nothing follows it, it was the key.
  private var tick: UInt32?

  /// The key that a byte completes; 0 if the byte stands for itself, nil if there is more to come.
  mutating func take(_ byte: UInt8) -> UInt16? {
    switch (bytes, byte) {
    case (0, 0x1B):
      bytes = 1
      return nil
    case (0, _): return 0
    case (1, 0x5B), (1, 0x4F):  // [ and O
      bytes = 2
      parameter = 0
      return nil
    case (2, 0x30...0x39):
      parameter = parameter &* 10 &+ (byte - 0x30)
      return nil
    case (2, 0x3B): return nil
    default:
      let isSequence = bytes == 2
      self = EscapeSequence()
      return isSequence ? Self.key(byte, parameter: parameter) : 0
    }
  }

  private static func key(_ last: UInt8, parameter: UInt8) -> UInt16? {
    switch (last, parameter) {
    case (0x41, _): 0x4800  // up
    case (0x42, _): 0x5000
    case (0x43, _): 0x4D00
    case (0x44, _): 0x4B00
    case (0x48, _), (0x7E, 1): 0x4700  // home
    case (0x46, _), (0x7E, 4): 0x4F00
    case (0x7E, 2): 0x5200
    case (0x7E, 3): 0x5300
    case (0x7E, 5): 0x4900
    case (0x7E, 6): 0x5100
    case (0x50...0x53, _): 0x3B00 + UInt16(last - 0x50) << 8  // F1 to F4
    case (0x7E, 15): 0x3F00
    case (0x7E, 17...21): 0x4000 + UInt16(parameter - 17) << 8
    default: nil
    }
  }

  /// Whether an ESC has been waiting for its sequence long enough; then it is gone.
  mutating func isAlone(at now: UInt32) -> Bool {
    guard bytes == 1 else {
      tick = nil
      return false
    }
    guard let tick else {
      tick = now
      return false
    }
    guard now &- tick >= 2 else { return false }
    self = EscapeSequence()
    return true
  }
}
