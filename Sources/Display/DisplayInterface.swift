import Primitives

/// The registers that choose a mode with a linear framebuffer (Bochs' "VBE DISPI" interface).
public struct DisplayInterface: Sendable {
  public enum Register: Int, Sendable, CaseIterable {
    case id, width, height, depth, enable, bank, virtualWidth, virtualHeight, left, top, videoMemory
  }

  enum Enable {
    static let on = 0
    static let asksForLimits = 1
    static let eightBitPalette = 5
    static let keepsMemory = 7
  }

  public static let largestWidth = 2560
  public static let largestHeight = 1600
  private static let depths: [UInt16] = [8, 15, 16, 24, 32]

  private let memorySize: Int
  private var width: UInt16 = 0
  private var height: UInt16 = 0
  private var depth: UInt16 = 8
  private var enable: UInt16 = 0
  private var bank: UInt16 = 0
  private var virtualWidth: UInt16 = 0
  private var left: UInt16 = 0
  private var top: UInt16 = 0
  private var version: UInt16 = 0xB0C5

  /// - Parameter memorySize: of video memory, in bytes.
  public init(memorySize: Int) { self.memorySize = memorySize }

  public var isOn: Bool { enable[bit: Enable.on] }
  var hasEightBitPalette: Bool { enable[bit: Enable.eightBitPalette] }

  public func read(_ register: Register) -> UInt16 {
    let asksForLimits = enable[bit: Enable.asksForLimits]
    return switch register {
    case .id: version
    case .width: asksForLimits ? UInt16(Self.largestWidth) : width
    case .height: asksForLimits ? UInt16(Self.largestHeight) : height
    case .depth: asksForLimits ? 32 : depth
    case .enable: enable
    case .bank: bank
    case .virtualWidth: virtualWidth
    case .virtualHeight: UInt16(clamping: memorySize / max(bytesPerLine, 1))
    case .left: left
    case .top: top
    case .videoMemory: UInt16(clamping: memorySize >> 16)
    }
  }

  /// A value out of its range is not taken. True if video memory is to become black.
  public mutating func write(_ value: UInt16, to register: Register) -> Bool {
    switch register {
    case .id: if (0xB0C0...0xB0C5).contains(value) { version = value }
    case .width: if (8...UInt16(Self.largestWidth)).contains(value) { width = value & ~7 }
    case .height: if (1...UInt16(Self.largestHeight)).contains(value) { height = value }
    case .depth: if Self.depths.contains(value) { depth = value }
    case .enable:
      let wasOn = isOn
      enable = value
      guard isOn, !wasOn else { break }
      if width == 0 || height == 0 { (width, height) = (640, 480) }
      (virtualWidth, left, top) = (width, 0, 0)
      return !value[bit: Enable.keepsMemory]
    case .bank: bank = value
    case .virtualWidth: virtualWidth = max(value & ~7, width)
    case .left: left = value
    case .top: top = value
    case .virtualHeight, .videoMemory: break
    }
    return false
  }

  private var format: PixelScreen.Format {
    switch depth {
    case 15: .rgb555
    case 16: .rgb565
    case 24: .rgb888
    case 32: .xrgb8888
    default: .palette
    }
  }
  private var bytesPerLine: Int { Int(max(virtualWidth, width)) * format.byteCount }

  /// The picture, while the interface is on; where it leaves video memory it is black.
  func screen(palette: [Color]) -> PixelScreen {
    PixelScreen(
      width: Int(width), height: Int(height), bytesPerLine: bytesPerLine,
      start: Int(top) * bytesPerLine + Int(left) * format.byteCount, format: format, palette: palette)
  }
}
