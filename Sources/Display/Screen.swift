/// A colour, eight bits a component.
public struct Color: Equatable, Sendable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}

/// What a display shows, as its registers tell.
public enum Screen: Sendable {
  case text(TextScreen)
  case pixels(PixelScreen)
  /// Switched off, or in a mode whose memory this display does not have.
  case blank(width: Int, height: Int)
}

/// Cells of a character and an attribute, at 0xB8000.
public struct TextScreen: Sendable {
  public var columns: Int
  public var rows: Int
  /// The cell in the upper left corner.
  public var start: Int
  /// The cell with the cursor; nil where it is hidden.
  public var cursor: Int?
  /// Which of a cell's sixteen lines the cursor fills.
  public var cursorLines: ClosedRange<Int>
  public var palette: [Color]
  /// Whether the attribute's highest bit blinks, and is no colour.
  public var blinks: Bool
}

/// Lines of pixels in video memory.
public struct PixelScreen: Sendable {
  public enum Format: Sendable {
    case palette, rgb555, rgb565, rgb888, xrgb8888

    var byteCount: Int {
      switch self {
      case .palette: 1
      case .rgb555, .rgb565: 2
      case .rgb888: 3
      case .xrgb8888: 4
      }
    }
  }

  public var width: Int
  public var height: Int
  public var bytesPerLine: Int
  /// Where in memory the upper left corner is.
  public var start: Int
  public var format: Format
  public var palette: [Color]
  /// In RAM at 0xA0000 instead of video memory.
  public var isLegacy = false
}
