public import DeviceModel
public import Primitives

/// What kvm-unit-tests looks for, as QEMU's pc-testdev: a register to try port accesses on, memory that is a device's, and
/// every interrupt line at the guest's own hand.
public struct TestDevice: Device {
  public static let placement = Placement(
    "test device", ports: [Platform.testRegister, Platform.testLines], memory: Platform.testMemory)

  /// The register, then a request to flush a page, which needs nothing here, then the register again, byte by byte.
  private static let registers = 0..<12
  private static let pageRequest = 4..<8
  private static let lines = registers.upperBound..<36

  private var register = [UInt8](repeating: 0, count: 4)
  private var memory = [UInt8](repeating: 0, count: Int(Platform.testMemory.count))

  public init() {}

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    width.value { byte(at: offset + $0) }
  }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    width.forEachByte(of: value) { place, byte in
      switch offset + place {
      case Self.pageRequest: break
      case let place where Self.registers.contains(place): register[place & 3] = byte
      case let place where Self.lines.contains(place):
        cycle.effects.append(.line(place - Self.lines.lowerBound, byte != 0))
      case let place:
        let cell = place - Self.lines.upperBound
        if memory.indices.contains(cell) { memory[cell] = byte }
      }
    }
  }

  public mutating func reset() { self = TestDevice() }

  private func byte(at offset: Int) -> UInt8 {
    switch offset {
    case Self.pageRequest, Self.lines: return 0xFF
    case Self.registers: return register[offset & 3]
    default:
      let cell = offset - Self.lines.upperBound
      return memory.indices.contains(cell) ? memory[cell] : 0xFF
    }
  }
}
