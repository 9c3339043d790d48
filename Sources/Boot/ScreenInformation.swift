public import Primitives

/// What is on the screen when a kernel starts, as its boot parameters tell.
public enum ScreenInformation: Equatable, Sendable {
  /// A VGA in text mode, 80 by 25.
  case text
  /// Pixels of 32 bits: blue, green, red, unused.
  case pixels(at: GuestAddress, width: Int, height: Int)

  /// Linux' `struct screen_info`, which begins the boot parameters.
  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x40)
    switch self {
    case .text:
      bytes[0x06] = 3
      bytes[0x07] = 80
      bytes.store(UInt16(3), at: 0x0A)
      bytes[0x0E] = 25
      bytes[0x0F] = 0x22
      bytes.store(UInt16(16), at: 0x10)
    case .pixels(let address, let width, let height):
      // The type "EFI": kernels without a driver for VESA's have one for this, and it needs nothing else of EFI.
      bytes[0x0F] = 0x70
      bytes.store(UInt16(clamping: width), at: 0x12)
      bytes.store(UInt16(clamping: height), at: 0x14)
      bytes.store(UInt16(32), at: 0x16)
      bytes.store(UInt32(truncatingIfNeeded: address.value), at: 0x18)
      bytes.store(UInt32(clamping: width * height * 4), at: 0x1C)
      bytes.store(UInt16(clamping: width * 4), at: 0x24)
      // Size and position of red, green, blue and the rest.
      for (number, position) in [16, 8, 0, 24].enumerated() {
        bytes[0x26 + number * 2] = 8
        bytes[0x27 + number * 2] = UInt8(position)
      }
    }
    return bytes
  }
}
