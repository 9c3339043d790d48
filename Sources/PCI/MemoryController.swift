public import DeviceModel
public import Primitives

/// 00:00.0, the q35's memory controller: where ECAM is and which shadow segments are RAM.
public struct MemoryController: PCIFunction {
  enum Register {
    static let ecam = 0x60
    static let shadow = 0x90
    static let managementMode = 0x9D
    static let managementModeExtension = 0x9E
  }

  private var space: ConfigurationSpace

  public init() {
    space = ConfigurationSpace(Identity(vendor: 0x8086, device: 0x29C0, revision: 0, classCode: 0x06_0000))
    // Firmware that never programs ECAM, and a kernel without firmware, find it in place.
    space.define(UInt32(truncatingIfNeeded: Platform.ecam.first.value) | 1, at: Register.ecam, writable: 0xF000_0007)
    // It has 32 address bits: where the bus would not decode configuration space it cannot be put.
    space.set(UInt32(0), at: Register.ecam + 4)
    space.define(UInt8(0), at: Register.shadow, writable: 0x30)
    for i in 1...6 { space.define(UInt8(0), at: Register.shadow + i, writable: 0x33) }
    // There is no system management mode.
    space.define(UInt8(0x02), at: Register.managementMode, writable: 0x78)
    space.set(UInt8(0x38), at: Register.managementModeExtension)
  }

  /// The seven PAM registers.
  public var shadow: [UInt8] {
    get { Array(space.bytes[Register.shadow..<(Register.shadow + 7)]) }
    set { for (index, byte) in newValue.prefix(7).enumerated() { space.update(byte, at: Register.shadow + index) } }
  }

  /// Where configuration space is in memory; nil while it is off or has a reserved length.
  public var ecam: MemoryRange? {
    let low = space.value(UInt32.self, at: Register.ecam)
    guard low[bit: 0] else { return nil }
    let count: UInt64
    switch low[bits: 1...2] {
    case 0: count = 256 << 20
    case 1: count = 128 << 20
    case 2: count = 64 << 20
    default: return nil
    }
    return MemoryRange(GuestAddress(UInt64(low & 0xF000_0000)), count: count)
  }

  /// Configuration space, which is before the windows of all other functions.
  public var windows: [PCIWindow] { ecam.map { [PCIWindow(bar: 0, $0)] } ?? [] }

  public mutating func readConfiguration(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    space.read(width, at: offset)
  }

  public mutating func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    let before = (shadow, ecam)
    space.write(value, width, at: offset)
    if Self.wantsManagementMode(value, width, at: offset) { cycle.effects.append(.power(.refused(Self.managementModeRefusal))) }
    if before != (shadow, ecam) { cycle.changes.insert(.memoryMap) }
    if before.1 != ecam { cycle.changes.insert(.tables) }
  }

  /// Whether a write turns on the memory that only system management mode sees (TSEG). No firmware does that but one
  /// that is built to keep its variables there, and then waits for ever.
  private static func wantsManagementMode(_ value: UInt64, _ width: AccessWidth, at offset: Int) -> Bool {
    let byte = Register.managementModeExtension - offset
    return (0..<width.byteCount).contains(byte) && value[bit: byte * 8]
  }

  private static let managementModeRefusal =
    "the firmware needs system management mode, which this machine does not have: take one built without it (of OVMF, not a secboot one)"

  public mutating func reset(_ cycle: inout Cycle) { space.reset() }
}
