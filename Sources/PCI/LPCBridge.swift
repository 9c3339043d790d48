public import DeviceModel
public import Primitives

/// 00:1f.0, the ICH9's bridge to the legacy devices: where the PM block is and how PCI interrupts reach the PIC.
public struct LPCBridge: PCIFunction {
  enum Register {
    static let pmBase = 0x40
    static let acpiControl = 0x44
    static let routes = (0..<PCIRouting.wireCount).map(PCIRouting.register)
  }

  private var space: ConfigurationSpace

  public init() {
    space = ConfigurationSpace(Identity(vendor: 0x8086, device: 0x2918, revision: 2, classCode: 0x06_0100))
    // Real hardware resets the PM block to "off"; U-Boot then never turns it on, and Linux has no ACPI.
    space.define(UInt32(Platform.pmBlock.first.value) | 1, at: Register.pmBase, writable: 0xFF80)
    space.define(UInt8(0x80), at: Register.acpiControl, writable: 0x87)
    for offset in Register.routes { space.define(UInt8(0x80), at: offset, writable: 0x8F) }
    space.define(UInt16(0), at: 0xA0, writable: 0xFFFF)
    space.define(UInt32(truncatingIfNeeded: Platform.rootComplex.first.value) | 1, at: 0xF0, writable: 0xFFFF_C001)
  }

  /// The first port of the PM block; nil while it is not decoded.
  public var pmBase: Port? {
    guard space.value(UInt8.self, at: Register.acpiControl)[bit: 7] else { return nil }
    return Port(space.value(UInt16.self, at: Register.pmBase) & 0xFF80)
  }

  /// The legacy lines of PIRQA to PIRQH; nil while that route is off.
  public var routes: [Int?] {
    Register.routes.map { offset in
      let route = space.value(UInt8.self, at: offset)
      return route[bit: 7] ? nil : Int(route & 0xF)
    }
  }

  public mutating func readConfiguration(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    space.read(width, at: offset)
  }

  public mutating func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    let before = pmBase
    space.write(value, width, at: offset)
    if before != pmBase { cycle.changes.insert(.tables) }
  }

  public mutating func reset(_ cycle: inout Cycle) { space.reset() }
}
