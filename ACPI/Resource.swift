import DeviceModel
import Primitives

/// Resource descriptors (ACPI 6.4, section 6.4): what a device occupies or a bridge passes on.
enum Resource {
  typealias Descriptor = [UInt8]

  /// Ports that a device decodes.
  static func ports(_ range: PortRange) -> Descriptor {
    precondition(range.count <= 0xFF, "an I/O descriptor holds at most 255 ports")
    var bytes: Descriptor = [0x47, 0x01]
    bytes.append(littleEndian: range.first.value)
    bytes.append(littleEndian: range.first.value)
    return bytes + [0x01, UInt8(range.count)]
  }

  /// Memory that a device decodes.
  static func memory(_ range: MemoryRange) -> Descriptor {
    var bytes: Descriptor = [0x86, 0x09, 0x00, 0x01]
    bytes.append(littleEndian: address32(range.first.value))
    bytes.append(littleEndian: address32(range.count))
    return bytes
  }

  /// An interrupt: below 16 as the ISA bus has it (edge, active high), above level and active high.
  static func interrupt(line: Int) -> Descriptor {
    if line < 16 {
      var bytes: Descriptor = [0x22]
      bytes.append(littleEndian: UInt16(1) << UInt16(line))
      return bytes
    }
    var bytes: Descriptor = [0x89, 0x06, 0x00, 0x01, 0x01]
    bytes.append(littleEndian: UInt32(line))
    return bytes
  }

  /// The buses below a host bridge.
  static func busWindow(_ buses: ClosedRange<UInt16>) -> Descriptor {
    wordWindow(kind: 2, flags: 0, buses)
  }

  /// Ports that a host bridge passes on.
  static func portWindow(_ ports: ClosedRange<UInt16>) -> Descriptor {
    wordWindow(kind: 1, flags: 0x03, ports)
  }

  /// Memory that a host bridge passes on: not cacheable, writable.
  static func memoryWindow(_ range: MemoryRange) -> Descriptor {
    var bytes: Descriptor = [0x87, 0x17, 0x00, 0x00, fixedAtBothEnds, 0x01]
    for value in [0, range.first.value, range.last.value, 0, range.count] {
      bytes.append(littleEndian: address32(value))
    }
    return bytes
  }

  /// All that a device uses, as the buffer that `_CRS` gives.
  static func template(_ descriptors: [Descriptor]) -> AML.Term {
    let bytes = descriptors.joined() + [0x79]
    return AML.buffer(bytes + [Checksum.of(bytes)])
  }

  /// All that one placement says its device uses.
  static func template(_ placement: Placement) -> AML.Term {
    var descriptors = placement.ports.map(ports)
    if let range = placement.memory { descriptors.append(memory(range)) }
    if let line = placement.line { descriptors.append(interrupt(line: line)) }
    return template(descriptors)
  }

  private static let fixedAtBothEnds: UInt8 = 0x0C

  private static func wordWindow(kind: UInt8, flags: UInt8, _ range: ClosedRange<UInt16>) -> Descriptor {
    var bytes: Descriptor = [0x88, 0x0D, 0x00, kind, fixedAtBothEnds, flags]
    for value in [0, range.lowerBound, range.upperBound, 0, range.upperBound - range.lowerBound + 1] {
      bytes.append(littleEndian: value)
    }
    return bytes
  }

  /// The board's devices all lie below 4 GiB.
  private static func address32(_ value: UInt64) -> UInt32 {
    guard let value = UInt32(exactly: value) else { preconditionFailure("the board lies below 4 GiB") }
    return value
  }
}
