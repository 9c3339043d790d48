import Primitives

/// The registers of a VGA at ports 0x3C0 to 0x3DF, as they are after power-on: in text mode, 80 by 25.
///
/// They tell the picture's shape, its colours and the cursor. Its memory is plain RAM: no planes, no banks.
public struct VGARegisters: Sendable {
  /// An index register and the registers behind it.
  struct File: Sendable {
    var index: UInt8 = 0
    var values: [UInt8]

    /// Registers that do not exist read as zero.
    subscript(_ number: Int) -> UInt8 { values.indices.contains(number) ? values[number] : 0 }
    var current: UInt8 {
      get { self[Int(index)] }
      set { if values.indices.contains(Int(index)) { values[Int(index)] = newValue } }
    }
  }

  private var miscellaneous: UInt8 = 0x67
  private var sequencer = File(values: [0x03, 0x00, 0x03, 0x00, 0x02, 0, 0, 0])
  private var graphics = File(values: [0, 0, 0, 0, 0, 0x10, 0x0E, 0x00, 0xFF])
  private var controller = File(values: [
    0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0,
    0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF,
  ])
  private var attributes = File(values: [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F,
    0x0C, 0x00, 0x0F, 0x08, 0x00,
  ])
  /// Whether the attribute port takes a value next, and not an index.
  private var attributeTakesValue = false
  private var retrace: UInt8 = 0
  private var palette = Self.standardPalette
  private var paletteMask: UInt8 = 0xFF
  private var paletteReadPlace = 0
  private var paletteWritePlace = 0
  private var paletteIsBeingRead = false

  public init() {}

  /// The 64 colours of an EGA, six bits a component, and black.
  private static let standardPalette: [UInt8] = (0..<256).flatMap { number -> [UInt8] in
    guard number < 64 else { return [0, 0, 0] }
    return [2, 1, 0].map { (number >> $0 & 1 == 1 ? 0x2A : 0) + (number >> ($0 + 3) & 1 == 1 ? 0x15 : 0) }
  }

  // MARK: Ports

  /// - Parameter offset: from port 0x3C0 on.
  public mutating func read(_ offset: Int) -> UInt8 {
    switch offset {
    case 0x00: return attributes.index
    case 0x01: return attributes.current
    case 0x02: return 0x10
    case 0x04: return sequencer.index
    case 0x05: return sequencer.current
    case 0x06: return paletteMask
    case 0x07: return paletteIsBeingRead ? 3 : 0
    case 0x08: return UInt8(truncatingIfNeeded: paletteWritePlace / 3)
    case 0x09:
      defer { paletteReadPlace = (paletteReadPlace + 1) % palette.count }
      return palette[paletteReadPlace]
    case 0x0A: return 0
    case 0x0C: return miscellaneous
    case 0x0E: return graphics.index
    case 0x0F: return graphics.current
    case 0x14: return controller.index
    case 0x15: return controller.current
    case 0x1A:
      attributeTakesValue = false
      // Whoever waits for a retrace to begin or to end sees it at once.
      retrace ^= 0x09
      return retrace
    default: return 0xFF
    }
  }

  public mutating func write(_ value: UInt8, _ offset: Int) {
    switch offset {
    case 0x00:
      if attributeTakesValue { attributes.current = value } else { attributes.index = value & 0x1F }
      attributeTakesValue.toggle()
    case 0x02: miscellaneous = value
    case 0x04: sequencer.index = value
    case 0x05: sequencer.current = value
    case 0x06: paletteMask = value
    case 0x07:
      paletteReadPlace = Int(value) * 3
      paletteIsBeingRead = true
    case 0x08:
      paletteWritePlace = Int(value) * 3
      paletteIsBeingRead = false
    case 0x09:
      palette[paletteWritePlace] = value
      paletteWritePlace = (paletteWritePlace + 1) % palette.count
    case 0x0E: graphics.index = value
    case 0x0F: graphics.current = value
    case 0x14: controller.index = value
    case 0x15: controller.current = value
    default: break
    }
  }

  // MARK: What they mean

  /// The picture in one of the VGA's own modes.
  var screen: Screen {
    guard !sequencer[1][bit: 5] else { return .blank(width: 640, height: 400) }
    guard graphics[6][bit: 0] else { return .text(textScreen) }
    guard sequencer[4][bit: 3] else { return .blank(width: 640, height: 480) }
    return .pixels(
      PixelScreen(width: 320, height: 200, bytesPerLine: 320, start: 0, format: .palette, palette: colors(), isLegacy: true))
  }

  private var textScreen: TextScreen {
    let cellHeight = Int(controller[0x09] & 0x1F) + 1
    let scanLines = Int(controller[0x12]) + (controller[0x07][bit: 1] ? 256 : 0) + (controller[0x07][bit: 6] ? 512 : 0) + 1
    let isHidden = controller[0x0A][bit: 5] || controller[0x0A] & 0x1F > controller[0x0B] & 0x1F
    return TextScreen(
      columns: min(Int(controller[0x01]) + 1, 132), rows: min(max(scanLines / cellHeight, 1), 60),
      start: word(0x0C), cursor: isHidden ? nil : word(0x0E),
      // The cursor's lines are of a cell of this height, and ours has sixteen.
      cursorLines: Int(controller[0x0A] & 0x1F) * 16 / cellHeight...max(Int(controller[0x0B] & 0x1F), Int(controller[0x0A] & 0x1F)) * 16 / cellHeight,
      palette: textColors, blinks: attributes[0x10][bit: 3])
  }

  private func word(_ number: Int) -> Int { Int(controller[number]) << 8 | Int(controller[number + 1]) }

  private var textColors: [Color] {
    let all = colors()
    return (0..<16).map { all[Int(attributes[$0] & 0x3F & paletteMask)] }
  }

  /// All colours of the palette.
  ///
  /// - Parameter bits: how many bits a component has: six, or eight where the display was told so.
  func colors(bits: Int = 6) -> [Color] {
    (0..<256).map { number in
      func component(_ index: Int) -> UInt8 {
        let value = palette[number * 3 + index]
        return bits == 8 ? value : (value & 0x3F) << 2 | (value & 0x3F) >> 4
      }
      return Color(red: component(0), green: component(1), blue: component(2))
    }
  }
}
