internal import Primitives

/// The BIOS data area at 0040:0000, which programs read and write themselves.
enum BIOSData {
  static var start: GuestAddress { 0x400 }
  static var serialPort: GuestAddress { 0x400 }
  static var extendedSegment: GuestAddress { 0x40E }
  static var equipment: GuestAddress { 0x410 }
  static var memorySize: GuestAddress { 0x413 }
  static var keyboardFlags: GuestAddress { 0x417 }
  static var keyboardHead: GuestAddress { 0x41A }
  static var keyboardTail: GuestAddress { 0x41C }
  static var videoMode: GuestAddress { 0x449 }
  static var columns: GuestAddress { 0x44A }
  static var screenSize: GuestAddress { 0x44C }
  static var cursor: GuestAddress { 0x450 }
  static var cursorShape: GuestAddress { 0x460 }
  static var videoPort: GuestAddress { 0x463 }
  static var ticks: GuestAddress { 0x46C }
  static var midnight: GuestAddress { 0x470 }
  static var diskStatus: GuestAddress { 0x474 }
  static var diskCount: GuestAddress { 0x475 }
  static var keyboardStart: GuestAddress { 0x480 }
  static var keyboardEnd: GuestAddress { 0x482 }
  static var keyboardMode: GuestAddress { 0x496 }
  static var lastRow: GuestAddress { 0x484 }
  static var cellHeight: GuestAddress { 0x485 }

  /// Where the ring of keys lies, relative to 0x400.
  static var ring: Range<UInt16> { 0x1E..<0x3E }

  /// Makes the interrupt vectors and both data areas what programs expect.
  static func prepare<H: Hardware>(_ hardware: H, serial: Port?, disks: Int) {
    let code = hardware.realModeCode
    let segment = UInt32(RealModeCode.segment) << 16
    for vector in 0..<256 {
      let offset: UInt16 =
        switch vector {
        case 0x08: code.tick
        case 0x1C: code.ignore
        case 0x1E: code.disketteParameters
        case 0..<0x20: code.stubs + UInt16(vector * 8)
        case 0x70..<0x78: code.stubs + UInt16((vector - 0x50) * 8)
        default: code.ignore
        }
      // Pointers to tables that there are not, and the vectors that belong to programs.
      let isEmpty = vector == 0x1D || vector == 0x1F || vector == 0x41 || vector == 0x46 || (0x60..<0x68).contains(vector)
      hardware.put(isEmpty ? 0 : segment | UInt32(offset), at: GuestAddress(UInt64(vector * 4)))
    }
    hardware.fill(0, count: 0x100, at: start)
    hardware.put(serial?.value ?? 0, at: serialPort)
    let extended = Platform.extendedBIOSData
    hardware.put(UInt16(truncatingIfNeeded: extended.value >> 4), at: extendedSegment)
    hardware.fill(0, count: 0x400, at: extended)
    hardware.put(UInt8(1), at: extended)  // its size in KiB
    // 80 columns in colour, and a serial port.
    hardware.put(UInt16(0x0020 | (serial == nil ? 0 : 0x0200)), at: equipment)
    hardware.put(UInt16(truncatingIfNeeded: extended.value >> 10), at: memorySize)
    hardware.put(ring.lowerBound, at: keyboardHead)
    hardware.put(ring.lowerBound, at: keyboardTail)
    hardware.put(ring.lowerBound, at: keyboardStart)
    hardware.put(ring.upperBound, at: keyboardEnd)
    hardware.put(UInt8(3), at: videoMode)
    hardware.put(UInt16(80), at: columns)
    hardware.put(UInt16(4000), at: screenSize)
    hardware.put(UInt16(0x0607), at: cursorShape)
    hardware.put(UInt16(0x3D4), at: videoPort)
    hardware.put(UInt8(24), at: lastRow)
    hardware.put(UInt16(16), at: cellHeight)
    hardware.put(UInt8(truncatingIfNeeded: disks), at: diskCount)
  }
}
