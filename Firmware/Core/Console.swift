internal import Primitives

/// Where the firmware talks to people: the serial port, and a log of the same on the debug port.
package struct Console<H: Hardware> {
  let hardware: H
  var serial: Port?
  var debug: Port?

  /// Writes one character of text.
  func put(_ character: UInt8) {
    if character == 0x0A { send(0x0D) }
    send(character)
  }

  /// Writes one byte as it is.
  func send(_ byte: UInt8) {
    if let debug { hardware.output(UInt32(byte), .byte, to: debug) }
    guard let serial else { return }
    // A port that is never ready must not stop the machine.
    var patience = 100_000
    while hardware.input(.byte, from: serial + 5) & 0x20 == 0, patience > 0 {
      hardware.pause()
      patience -= 1
    }
    hardware.output(UInt32(byte), .byte, to: serial)
  }

  /// The next byte that somebody typed, if there is one.
  func receive() -> UInt8? {
    guard let serial, hardware.input(.byte, from: serial + 5) & 0x81 == 0x01 else { return nil }
    return UInt8(truncatingIfNeeded: hardware.input(.byte, from: serial))
  }

  /// Makes the serial port 115200 8N1.
  func prepare() {
    guard let serial else { return }
    hardware.output(0x80, .byte, to: serial + 3)
    hardware.output(1, .byte, to: serial)
    hardware.output(0, .byte, to: serial + 1)
    hardware.output(0x03, .byte, to: serial + 3)
    hardware.output(0x07, .byte, to: serial + 2)
    hardware.output(0x03, .byte, to: serial + 4)
  }

  package func write(_ text: Text) { for index in 0..<text.count { put(text[index]) } }

  package func write(hex value: UInt64, digits: Int) {
    for digit in 0..<digits {
      let nibble = UInt8(truncatingIfNeeded: value >> UInt64(4 * (digits - 1 - digit))) & 0xF
      put(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
    }
  }

  package func write(decimal value: UInt64) {
    if value >= 10 { write(decimal: value / 10) }
    put(0x30 + UInt8(truncatingIfNeeded: value % 10))
  }
}
