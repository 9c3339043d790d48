public import DeviceModel
import Primitives

/// The picture on the screen, from what is in memory at this moment.
extension Picture {
  /// - Parameter memory: with the framebuffer, and with RAM at 0xA0000 for the VGA's own modes.
  public init(of screen: Screen, in memory: any ScreenMemory) {
    switch screen {
    case .blank(let width, let height): self.init(width: width, height: height)
    case .text(let text): self.init(text, TextScreen.cells(of: text, in: memory))
    case .pixels(let pixels):
      let count = pixels.bytesPerLine * (pixels.height - 1) + pixels.width * pixels.format.byteCount
      let bytes =
        pixels.isLegacy
        ? memory.copy(count, from: Platform.legacyVideo.first) ?? [] : memory.videoBytes(count, at: pixels.start)
      self.init(pixels, bytes)
    }
  }

  /// - Parameter bytes: from the upper left pixel on; what is missing is black.
  init(_ screen: PixelScreen, _ bytes: [UInt8]) {
    self.init(width: screen.width, height: screen.height)
    let size = screen.format.byteCount
    for y in 0..<height {
      for x in 0..<width {
        let place = y * screen.bytesPerLine + x * size
        guard place + size <= bytes.count else { return }
        self[x, y] = screen.color(bytes[place..<place + size])
      }
    }
  }

  init(_ screen: TextScreen, _ cells: [TextScreen.Cell]) {
    self.init(width: screen.columns * Font.width, height: screen.rows * Font.height)
    for (index, cell) in cells.enumerated() {
      let (row, column) = (index / screen.columns, index % screen.columns)
      guard row < screen.rows else { return }
      let front = screen.palette[Int(cell.attribute & 0xF)]
      let back = screen.palette[Int(cell.attribute >> 4 & (screen.blinks ? 7 : 0xF))]
      let hasCursor = screen.cursor == screen.start + index
      for line in 0..<Font.height {
        let bits = hasCursor && screen.cursorLines.contains(line) ? 0xFF : Font.line(line, of: cell.character)
        for dot in 0..<Font.width {
          self[column * Font.width + dot, row * Font.height + line] = bits[bit: 7 - dot] ? front : back
        }
      }
    }
  }
}

extension TextScreen {
  struct Cell {
    var character: UInt8
    var attribute: UInt8
  }

  private static let size = 0x8000

  /// The cells on the screen; after the end of its memory it begins again.
  static func cells(of screen: TextScreen, in memory: any ScreenMemory) -> [Cell] {
    guard let bytes = memory.copy(size, from: Platform.textScreen) else { return [] }
    return (0..<screen.rows * screen.columns).map { index in
      let place = (screen.start + index) * 2 % size
      return Cell(character: bytes[place], attribute: bytes[place + 1])
    }
  }

  /// The lines of text on the screen, without colours; what is no ASCII is a question mark.
  public func lines(in memory: any ScreenMemory) -> [String] {
    let characters = Self.cells(of: self, in: memory).map { cell -> UInt8 in
      cell.character == 0 ? 0x20 : (0x20..<0x7F).contains(cell.character) ? cell.character : UInt8(ascii: "?")
    }
    return stride(from: 0, to: characters.count, by: columns).map {
      String(decoding: characters[$0..<min($0 + columns, characters.count)], as: UTF8.self)
    }
  }
}

extension PixelScreen {
  /// The colour of one pixel's bytes.
  func color(_ bytes: ArraySlice<UInt8>) -> Color {
    var value: UInt32 = 0
    for byte in bytes.reversed() { value = value << 8 | UInt32(byte) }
    func component(_ bits: ClosedRange<Int>) -> UInt8 { UInt8(value[bits: bits] * 255 / (1 << UInt32(bits.count) - 1)) }
    return switch format {
    case .palette: palette[Int(value & 0xFF)]
    case .rgb555: Color(red: component(10...14), green: component(5...9), blue: component(0...4))
    case .rgb565: Color(red: component(11...15), green: component(5...10), blue: component(0...4))
    case .rgb888, .xrgb8888: Color(red: component(16...23), green: component(8...15), blue: component(0...7))
    }
  }
}
