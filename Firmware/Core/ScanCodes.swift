internal import Primitives

/// The keyboard behind the i8042: scan codes (set 1) become keys of the BIOS.
struct ScanCodes<H: Hardware> {
  private enum Held {
    static var rightShift: Int { 0 }
    static var leftShift: Int { 1 }
    static var control: Int { 2 }
    static var alternate: Int { 3 }
    static var capitals: Int { 6 }
  }
  /// Set in the second byte of flags after a scan code that begins another.
  private static var prefix: Int { 1 }

  let hardware: H

  private static var data: Port { 0x60 }
  private static var status: Port { 0x64 }

  /// What was typed before anybody listens goes away.
  func prepare() {
    for _ in 0..<16 { if receive() == nil { return } }
  }

  /// The next scan code; nil where there is none, or no keyboard.
  private func receive() -> UInt8? {
    let status = hardware.input(.byte, from: Self.status)
    guard status != 0xFF, status & 0x21 == 0x01 else { return nil }
    return UInt8(truncatingIfNeeded: hardware.input(.byte, from: Self.data))
  }

  /// The key that a scan code completes; nil for none.
  func take() -> UInt16? {
    guard let code = receive() else { return nil }
    var flags = hardware.byte(at: BIOSData.keyboardFlags)
    var more = hardware.byte(at: BIOSData.keyboardMode)
    let isExtended = more[bit: Self.prefix]
    more[bit: Self.prefix] = code == 0xE0
    hardware.put(more, at: BIOSData.keyboardMode)
    guard code != 0xE0, code != 0xE1 else { return nil }
    let isDown = !code[bit: 7]
    let key = code & 0x7F
    switch key {
    case 0x1D: flags[bit: Held.control] = isDown
    case 0x38: flags[bit: Held.alternate] = isDown
    // A keyboard may put shifts around a key of its own.
    case 0x2A where !isExtended: flags[bit: Held.leftShift] = isDown
    case 0x36 where !isExtended: flags[bit: Held.rightShift] = isDown
    case 0x3A: if isDown { flags[bit: Held.capitals].toggle() }
    default: return isDown ? Self.key(key, isExtended, flags) : nil
    }
    hardware.put(flags, at: BIOSData.keyboardFlags)
    return nil
  }

  private static func key(_ code: UInt8, _ isExtended: Bool, _ flags: UInt8) -> UInt16? {
    let isShifted = flags[bit: Held.leftShift] || flags[bit: Held.rightShift]
    let high = UInt16(code) << 8
    switch code {
    // F1 to F10, which have codes of their own with another key.
    case 0x3B...0x44:
      let number = UInt16(code - 0x3B)
      if flags[bit: Held.alternate] { return (0x68 + number) << 8 }
      if flags[bit: Held.control] { return (0x5E + number) << 8 }
      return isShifted ? (0x54 + number) << 8 : high
    case 0x57, 0x58: return UInt16(code - 0x57 + 0x85) << 8
    case 0x1C where isExtended: return 0x1C0D
    case 0x35 where isExtended: return 0x352F
    // The arrows and their neighbours, also those of the number pad.
    case 0x47...0x53: return high
    default: break
    }
    guard !isExtended else { return nil }
    let letter = Keyboard<H>.character(code, shifted: false)
    guard letter != 0 else { return nil }
    if flags[bit: Held.alternate] { return high }
    let isLetter = letter >= 0x61 && letter <= 0x7A
    if flags[bit: Held.control] { return isLetter ? high | UInt16(letter & 0x1F) : high }
    return high | UInt16(Keyboard<H>.character(code, shifted: isShifted != (isLetter && flags[bit: Held.capitals])))
  }
}
