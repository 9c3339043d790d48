import Primitives

/// What the monitor says of itself: an EDID 1.4 whose only mode is the preferred one.
struct MonitorDescription {
  let bytes: [UInt8]

  init(width: Int, height: Int) {
    var bytes: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]
    // "SWB" in five-bit letters, product 1, made in 2025.
    bytes += [0x4E, 0xE2, 1, 0, 1, 0, 0, 0, 1, 35]
    // Version 1.4; digital, eight bits a colour; size unknown; gamma 2.2; sRGB, and the first timing is the native one.
    bytes += [1, 4, 0xA0, 0, 0, 120, 0x06]
    // sRGB's primaries and white.
    bytes += [0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54]
    bytes += [0, 0, 0]
    for _ in 0..<8 { bytes += [1, 1] }
    bytes += Self.timing(width, height)
    bytes += [0, 0, 0, 0xFC, 0] + Array("swboot\n      ".utf8)
    for _ in 0..<2 { bytes += [0, 0, 0, 0x10, 0] + [UInt8](repeating: 0, count: 13) }
    bytes.append(0)
    bytes.append(0 &- bytes.reduce(0, &+))
    self.bytes = bytes
  }

  /// A detailed timing of about 60 pictures a second.
  private static func timing(_ width: Int, _ height: Int) -> [UInt8] {
    let (blankWidth, blankHeight) = (320, 38)
    let clock = (width + blankWidth) * (height + blankHeight) * 60 / 10_000
    func low(_ value: Int) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    func high(_ first: Int, _ second: Int) -> UInt8 { UInt8(truncatingIfNeeded: (first >> 8) << 4 | second >> 8) }
    return [
      low(clock), low(clock >> 8), low(width), low(blankWidth), high(width, blankWidth), low(height), low(blankHeight),
      high(height, blankHeight), 24, 136, 0x36, 0, 0, 0, 0, 0, 0, 0x1E,
    ]
  }
}
