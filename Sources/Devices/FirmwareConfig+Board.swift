import Primitives

/// The items that are the same on every board, or follow from its processors and its RAM.
extension FirmwareConfig {
  enum Key {
    static let signature: UInt16 = 0x00
    static let version: UInt16 = 0x01
    static let memorySize: UInt16 = 0x03
    static let noGraphics: UInt16 = 0x04
    static let cpuCount: UInt16 = 0x05
    static let memoryNodes: UInt16 = 0x0D
    static let bootMenu: UInt16 = 0x0E
    static let largestCPUCount: UInt16 = 0x0F
    static let directory: UInt16 = 0x19
    static let firstFile: UInt16 = 0x20
    static let legacyACPI: UInt16 = 0x8000
    static let legacySMBIOS: UInt16 = 0x8001
    static let timerOverride: UInt16 = 0x8002
    static let legacyMemoryMap: UInt16 = 0x8003
  }

  static func boardItems(cpuCount: Int, memorySize: UInt64) -> [FirmwareItem] {
    let cpus = UInt16(clamping: cpuCount)
    // No nodes, then the node of each processor.
    let nodes = [UInt8](repeating: 0, count: 8 * (Int(cpus) + 1))
    return [
      .init(.key(Key.signature), Array("QEMU".utf8)),
      // There is the DMA interface.
      .init(.key(Key.version), bytes(UInt32(3))),
      .init(.key(Key.memorySize), bytes(memorySize)),
      .init(.key(Key.noGraphics), bytes(UInt16(1))),
      .init(.key(Key.cpuCount), bytes(cpus)),
      .init(.key(Key.memoryNodes), nodes),
      .init(.key(Key.bootMenu), bytes(UInt16(0))),
      .init(.key(Key.largestCPUCount), bytes(cpus)),
      .init(.key(Key.legacyACPI), bytes(UInt16(0))),
      .init(.key(Key.legacySMBIOS), bytes(UInt16(0))),
      .init(.key(Key.timerOverride), bytes(UInt32(1))),
      .init(.key(Key.legacyMemoryMap), bytes(UInt32(0))),
    ]
  }

  private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    return bytes
  }
}
