/// A mode of INT 10h, AH=4F: pixels in a linear framebuffer.
struct VideoMode {
  var number: UInt16
  var width: UInt16
  var height: UInt16
  var depth: UInt16

  static var text: UInt16 { 3 }
  /// The one that the monitor asks for.
  static var preferred: UInt16 { 0x150 }

  var bytesPerLine: Int { Int(width) * ((Int(depth) + 7) / 8) }

  /// How many there are besides the monitor's.
  static var count: Int { 12 }

  /// Four sizes with 8, 16 and 32 bits a pixel; the first two kinds have their customary numbers.
  init?(index: Int) {
    guard index >= 0, index < Self.count else { return nil }
    let size = index & 3
    switch size {
    case 0: (width, height) = (640, 480)
    case 1: (width, height) = (800, 600)
    case 2: (width, height) = (1024, 768)
    default: (width, height) = (1280, 1024)
    }
    switch index >> 2 {
    case 0: (depth, number) = (8, 0x101 + UInt16(2 * size))
    case 1: (depth, number) = (16, 0x111 + UInt16(3 * size))
    default: (depth, number) = (32, 0x140 + UInt16(size))
    }
  }

  init(number: UInt16, width: UInt16, height: UInt16, depth: UInt16) {
    self.number = number
    self.width = width
    self.height = height
    self.depth = depth
  }
}
