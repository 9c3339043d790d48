internal import Primitives

/// A display with a linear framebuffer, PCI device 1234:1111: where it is, and the mode it is in.
struct DisplayAdapter {
  /// Registers that choose a mode, words behind the third base address.
  enum Register: Int {
    case width = 0x502
    case height = 0x504
    case depth = 0x506
    case enable = 0x508
    case lineWidth = 0x50C
    case lineCount = 0x50E
    case left = 0x510
    case top = 0x512
    case memory = 0x514
  }

  static var vendor: UInt16 { 0x1234 }
  static var device: UInt16 { 0x1111 }
  /// On, as a linear framebuffer; with bit 7 what is in memory stays.
  private static var on: UInt16 { 0x41 }
  private static var eightBitPalette: UInt16 { 0x20 }

  let framebuffer: GuestAddress
  let registers: GuestAddress
  /// The mode's number; 3 is text.
  private(set) var mode = VideoMode.text

  /// Nil where its windows have no place.
  init?<H: Hardware>(_ bus: PCIBus<H>, _ function: UInt8) {
    guard let framebuffer = bus.window(function, 0), let registers = bus.window(function, 2) else { return nil }
    self.framebuffer = framebuffer
    self.registers = registers
  }

  func read<H: Hardware>(_ register: Register, _ hardware: H) -> UInt16 { hardware.word(at: registers + register.rawValue) }
  func write<H: Hardware>(_ value: UInt16, _ register: Register, _ hardware: H) {
    hardware.put(value, at: registers + register.rawValue)
  }

  // MARK: Modes

  mutating func setText<H: Hardware>(_ hardware: H) {
    write(0, .enable, hardware)
    mode = VideoMode.text
  }

  mutating func set<H: Hardware>(_ mode: VideoMode, keepsMemory: Bool, _ hardware: H) {
    write(0, .enable, hardware)
    write(mode.width, .width, hardware)
    write(mode.height, .height, hardware)
    write(mode.depth, .depth, hardware)
    write(Self.on | (keepsMemory ? 0x80 : 0), .enable, hardware)
    self.mode = mode.number
  }

  /// Six bits a component of the palette, or eight.
  func setPaletteBits<H: Hardware>(_ bits: UInt8, _ hardware: H) {
    let enable = read(.enable, hardware)
    // What is on stays on, so that nothing is cleared.
    write(bits >= 8 ? enable | Self.eightBitPalette : enable & ~Self.eightBitPalette, .enable, hardware)
  }
  func paletteBits<H: Hardware>(_ hardware: H) -> UInt8 { read(.enable, hardware) & Self.eightBitPalette != 0 ? 8 : 6 }

  // MARK: The monitor

  func monitorByte<H: Hardware>(_ index: Int, _ hardware: H) -> UInt8 { hardware.byte(at: registers + index) }

  /// The mode that the monitor asks for first, in its own number; nil if it says nothing of use.
  func preferredMode<H: Hardware>(_ hardware: H) -> VideoMode? {
    guard monitorByte(0, hardware) == 0, monitorByte(1, hardware) == 0xFF else { return nil }
    let width = UInt16(monitorByte(56, hardware)) | UInt16(monitorByte(58, hardware) >> 4) << 8
    let height = UInt16(monitorByte(59, hardware)) | UInt16(monitorByte(61, hardware) >> 4) << 8
    guard width >= 320, height >= 200, width & 7 == 0 else { return nil }
    return VideoMode(number: VideoMode.preferred, width: width, height: height, depth: 32)
  }

  // MARK: The VGA's registers

  func setCursor<H: Hardware>(_ cell: Int, _ hardware: H) {
    setController(0x0E, UInt8(truncatingIfNeeded: cell >> 8), hardware)
    setController(0x0F, UInt8(truncatingIfNeeded: cell), hardware)
  }

  func setCursorShape<H: Hardware>(_ shape: UInt16, _ hardware: H) {
    setController(0x0A, UInt8(truncatingIfNeeded: shape >> 8), hardware)
    setController(0x0B, UInt8(truncatingIfNeeded: shape), hardware)
  }

  private func setController<H: Hardware>(_ register: UInt32, _ value: UInt8, _ hardware: H) {
    hardware.output(register, .byte, to: Platform.vga.first + 0x14)
    hardware.output(UInt32(value), .byte, to: Platform.vga.first + 0x15)
  }
}
