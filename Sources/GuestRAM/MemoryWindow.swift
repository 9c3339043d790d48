public import Primitives

/// The legacy window's shadow-RAM registers: the q35's seven PAM bytes.
public struct ShadowControl: Equatable, Sendable {
  public var bytes: [UInt8]
  public init(bytes: [UInt8]) {
    precondition(bytes.count == 7, "there are seven PAM registers")
    self.bytes = bytes
  }
  /// Everything reads the firmware.
  public static let reset = ShadowControl(bytes: [0, 0, 0, 0, 0, 0, 0])
  /// Everything is RAM, as a guest that starts without firmware wants it.
  public static let allRAM = ShadowControl(bytes: [0x30, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33])

  static let segmentCount = 13

  /// One of the segments: where, how large, and its two bits (1 reads RAM, 2 writes RAM).
  func segment(_ number: Int) -> (start: UInt64, count: UInt64, bits: UInt8) {
    if number == Self.segmentCount - 1 { return (0xF_0000, 0x1_0000, bytes[0] >> 4 & 3) }
    return (0xC_0000 + UInt64(number) * 0x4000, 0x4000, bytes[1 + number / 2] >> (number % 2 * 4) & 3)
  }
}

/// A piece of the guest's physical space that is memory.
public struct MemoryWindow: Equatable, Sendable {
  public enum Backing: Equatable, Sendable {
    case ram(UInt64)
    case firmware(UInt64)
  }
  public enum Access: Equatable, Sendable {
    case readWrite
    /// Writes go to the bus, where nobody answers (or a flash chip does).
    case readOnly
    /// Reads see this window, writes go to RAM behind it.
    case writeBehind
  }
  public var range: MemoryRange
  public var backing: Backing
  public var access: Access

  package static func layout(low: UInt64, high: UInt64, firmware: UInt64, hidden: UInt64 = 0, shadow: ShadowControl) -> [MemoryWindow] {
    var list = [
      MemoryWindow(range: MemoryRange(0, count: Platform.shadow.first.value), backing: .ram(0), access: .readWrite)
    ]
    for number in 0..<ShadowControl.segmentCount {
      let (start, count, bits) = shadow.segment(number)
      if let window = segment(start, count, bits, firmware: firmware) { list.append(window) }
    }
    if low > 0x10_0000 {
      list.append(
        MemoryWindow(
          range: MemoryRange(0x10_0000, count: low - 0x10_0000), backing: .ram(0x10_0000), access: .readWrite))
    }
    if firmware > hidden {
      list.append(
        MemoryWindow(
          range: MemoryRange(GuestAddress(Platform.fourGiB - firmware + hidden), count: firmware - hidden),
          backing: .firmware(hidden), access: .readOnly))
    }
    if high > 0 {
      list.append(
        MemoryWindow(range: MemoryRange(0x1_0000_0000, count: high), backing: .ram(low), access: .readWrite))
    }
    return merged(list)
  }

  private static func segment(_ start: UInt64, _ count: UInt64, _ bits: UInt8, firmware: UInt64) -> MemoryWindow? {
    let range = MemoryRange(GuestAddress(start), count: count)
    if bits & 1 != 0 {
      return MemoryWindow(range: range, backing: .ram(start), access: bits & 2 != 0 ? .readWrite : .readOnly)
    }
    // The last 128 KiB of the firmware end at 1 MiB.
    let fromEnd = 0x10_0000 - start
    guard start >= 0xE_0000, fromEnd <= firmware else { return nil }
    return MemoryWindow(
      range: range, backing: .firmware(firmware - fromEnd), access: bits & 2 != 0 ? .writeBehind : .readOnly)
  }

  /// Neighbours that continue each other become one window: fewer memory slots.
  private static func merged(_ list: [MemoryWindow]) -> [MemoryWindow] {
    var result: [MemoryWindow] = []
    for window in list {
      if let last = result.last, last.range.last + 1 == window.range.first, last.access == window.access,
        last.backing.advanced(by: last.range.count) == window.backing
      {
        result[result.count - 1].range = MemoryRange(last.range.first, through: window.range.last)
      } else {
        result.append(window)
      }
    }
    return result
  }
}

extension MemoryWindow.Backing {
  func advanced(by count: UInt64) -> Self {
    switch self {
    case .ram(let offset): .ram(offset + count)
    case .firmware(let offset): .firmware(offset + count)
    }
  }
}
