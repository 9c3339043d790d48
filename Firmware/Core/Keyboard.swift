internal import Primitives

/// What was typed, at the serial port or on the keyboard: keys in the ring of the BIOS data area.
struct Keyboard<H: Hardware> {
  let console: Console<H>
  private var hardware: H { console.hardware }

  /// Scan code 01 and on, without and with shift. Zero where a key has no character.
  private static var plain: Text { "\u{1B}1234567890-=\u{08}\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 " }
  private static var shifted: Text { "\u{1B}!@#$%^&*()_+\u{08}\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 " }

  init(console: Console<H>) { self.console = console }

  /// What a key types; zero for nothing.
  static func character(_ scanCode: UInt8, shifted isShifted: Bool) -> UInt8 {
    isShifted ? shifted[Int(scanCode) - 1] : plain[Int(scanCode) - 1]
  }

  /// IRQ 1: a key has moved.
  func takeScanCode() {
    if let key = ScanCodes(hardware: hardware).take() { push(key) }
  }

  /// Takes in what has arrived, as long as there is room for it.
  func poll(_ sequence: inout EscapeSequence) {
    while hasRoom, let byte = console.receive() {
      if let key = sequence.take(byte) { push(key == 0 ? Self.key(for: byte) : key) }
    }
    if hasRoom, sequence.isAlone(at: hardware.dword(at: BIOSData.ticks)) { push(0x011B) }
  }

  /// The scan code and character of a byte from a terminal.
  private static func key(for byte: UInt8) -> UInt16 {
    // A terminal's "delete" is the key that goes back.
    let character = byte == 0x7F ? 0x08 : byte == 0x0A ? 0x0D : byte
    for index in 0..<plain.count where plain[index] == character || shifted[index] == character {
      return UInt16(truncatingIfNeeded: index + 1) << 8 | UInt16(character)
    }
    // A letter with the control key has the letter's scan code.
    if (1...26).contains(character) { return key(for: character + 0x60) & 0xFF00 | UInt16(character) }
    return UInt16(character)
  }

  private var head: UInt16 { hardware.word(at: BIOSData.keyboardHead) }
  private var tail: UInt16 { hardware.word(at: BIOSData.keyboardTail) }
  /// The ring's next place; programs may have left nonsense there.
  private func after(_ place: UInt16) -> UInt16 {
    let next = place &+ 2
    return BIOSData.ring.contains(next) ? next : BIOSData.ring.lowerBound
  }
  private var hasRoom: Bool { after(tail) != head }

  func push(_ key: UInt16) {
    guard hasRoom else { return }
    let place = BIOSData.ring.contains(tail) ? tail : BIOSData.ring.lowerBound
    hardware.put(key, at: BIOSData.start + Int(place))
    hardware.put(after(place), at: BIOSData.keyboardTail)
  }

  /// The oldest key, which stays.
  var first: UInt16? {
    guard head != tail, BIOSData.ring.contains(head) else { return nil }
    return hardware.word(at: BIOSData.start + Int(head))
  }

  func removeFirst() { if head != tail { hardware.put(after(head), at: BIOSData.keyboardHead) } }

  /// INT 16h. True if the caller must wait for a key.
  func serve(_ caller: Caller<H>, _ sequence: inout EscapeSequence) -> Bool {
    switch caller.ah {
    case 0x00, 0x10:
      poll(&sequence)
      guard let key = first else { return true }
      removeFirst()
      caller.ax = key
    case 0x01, 0x11:
      poll(&sequence)
      caller.zero = first == nil
      if let key = first { caller.ax = key }
    case 0x02: caller.al = hardware.byte(at: BIOSData.keyboardFlags)
    case 0x12: caller.ax = UInt16(hardware.byte(at: BIOSData.keyboardFlags))
    case 0x05:
      caller.al = hasRoom ? 0 : 1
      push(caller.cx)
    default: break
    }
    return false
  }
}
