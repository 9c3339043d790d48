import DeviceModel
import Primitives

/// The tables of fixed form (ACPI 6.4, section 5.2), without checksums, pointers as offsets.
enum FixedTables {
  /// A table behind the header that all but two share.
  static func table(_ signature: String, revision: UInt8, _ body: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](signature.utf8)
    bytes.append(littleEndian: UInt32(headerSize + body.count))
    bytes += [revision, 0]
    bytes += "SWBOOTSWBPLATF".utf8
    bytes.append(littleEndian: UInt32(1))
    bytes += "SWBT".utf8
    bytes.append(littleEndian: UInt32(1))
    return bytes + body
  }

  static let headerSize = 36

  /// The firmware control structure: nothing but a place for the operating system's waking vector.
  static var firmwareControl: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64)
    bytes.replaceSubrange(0..<4, with: "FACS".utf8)
    bytes.store(UInt32(64), at: 4)
    bytes[32] = 2
    return bytes
  }

  /// The fixed hardware. ACPI mode is always on: there is no command port to switch it. The block of general events is left
  /// out, because there are none: an operating system would only write to each of its registers.
  static func fixedDescription(_ machine: DescribedMachine, facs: Int, dsdt: Int) -> [UInt8] {
    var bytes = table("FACP", revision: 6, [UInt8](repeating: 0, count: 276 - headerSize))
    bytes.store(UInt32(facs), at: 36)
    bytes.store(UInt32(dsdt), at: 40)
    bytes.store(UInt16(Platform.systemControlLine), at: 46)

    let event = machine.pmBase
    let control = machine.pmBase + 4
    let timer = machine.pmBase + 8
    for (offset, port) in [(56, event), (64, control), (76, timer)] {
      bytes.store(UInt32(port.value), at: offset)
    }
    bytes.replaceSubrange(88..<92, with: [4, 2, 0, 4])
    // Latencies above 100 and 1000 µs say that the C2 and C3 states do not exist.
    bytes.store(UInt16(0xFFF), at: 96)
    bytes.store(UInt16(0xFFF), at: 98)
    if machine.placement(.clock) != nil { bytes[108] = centuryRegister }
    bytes.store(bootArchitecture(machine), at: 109)
    bytes.store(featureFlags(machine), at: 112)
    put(io(Platform.resetControl, bits: 8, access: 1), into: &bytes, at: 116)
    bytes[128] = resetValue
    bytes.store(UInt64(dsdt), at: 140)
    put(io(event, bits: 32, access: 2), into: &bytes, at: 148)
    put(io(control, bits: 16, access: 2), into: &bytes, at: 172)
    put(io(timer, bits: 32, access: 3), into: &bytes, at: 208)
    return bytes
  }

  /// The interrupt controllers: a local APIC per processor and one I/O APIC.
  static func interruptControllers(_ machine: DescribedMachine) -> [UInt8] {
    var body: [UInt8] = []
    body.append(littleEndian: UInt32(truncatingIfNeeded: Platform.localAPIC.first.value))
    body.append(littleEndian: UInt32(1))  // the two legacy controllers are there too
    for number in 0..<machine.processors {
      if let id = UInt8(exactly: number), id < 0xFF {
        body += [0, 8, id, id, 1, 0, 0, 0]
      } else {
        body += [9, 16, 0, 0]
        for value in [number, 1, number] { body.append(littleEndian: UInt32(value)) }
      }
    }
    body += [1, 12, 0, 0]
    body.append(littleEndian: UInt32(truncatingIfNeeded: Platform.ioAPIC.first.value))
    body.append(littleEndian: UInt32(0))
    body += sourceOverride(irq: 0, line: UInt32(Platform.timerPin), flags: 0)
    body += sourceOverride(
      irq: UInt8(Platform.systemControlLine), line: UInt32(Platform.systemControlLine), flags: levelActiveHigh)
    body += [4, 6, 0xFF, 0, 0, 1]  // the NMI pin of every processor is LINT1
    return table("APIC", revision: 4, body)
  }

  /// Where PCI configuration space is mapped.
  static func configurationSpace(_ machine: DescribedMachine) -> [UInt8] {
    var body = [UInt8](repeating: 0, count: 8)
    body.append(littleEndian: machine.ecam.first.value)
    // There is bus 0 and no bridge. A kernel told of 256 buses looks for devices on each: 16 000 accesses.
    body += [0, 0, 0, 0, 0, 0, 0, 0]
    return table("MCFG", revision: 1, body)
  }

  /// Emulated clocks need no work-arounds: the RTC needs no second read and the PM timer is good.
  static var emulatedDevices: [UInt8] { table("WAET", revision: 1, [3, 0, 0, 0]) }

  /// The serial port that is the console.
  static func console(_ port: Port, line: Int) -> [UInt8] {
    let body: [UInt8] =
      [0, 0, 0, 0] + io(port, bits: 8, access: 1)
      // Legacy and I/O APIC interrupt; 115200 baud, no parity, one stop bit, no flow control, ANSI.
      + [3, UInt8(line), UInt8(line), 0, 0, 0, 7, 0, 1, 0, 3, 0]
      // Not a PCI device.
      + [0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 12)
    return table("SPCR", revision: 2, body)
  }

  /// The root of all tables; the pointers are offsets into the blob.
  static func root(_ tables: [Int]) -> [UInt8] {
    var body: [UInt8] = []
    for offset in tables { body.append(littleEndian: UInt64(offset)) }
    return table("XSDT", revision: 1, body)
  }

  /// What an operating system searches for in the BIOS segment.
  static func rootPointer(_ root: Int) -> [UInt8] {
    var bytes = [UInt8]("RSD PTR \0SWBOOT\u{2}".utf8)
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: UInt32(36))
    bytes.append(littleEndian: UInt64(root))
    return bytes + [0, 0, 0, 0]
  }

  private static let centuryRegister: UInt8 = 0x32
  private static let resetValue: UInt8 = 0x06
  private static let levelActiveHigh: UInt16 = 0x0D

  /// WBINVD works, every processor has C1, no fixed sleep button, the RTC does not wake from S4,
  /// the reset register exists, there may be no screen.
  private static func featureFlags(_ machine: DescribedMachine) -> UInt32 {
    1 << 0 | 1 << 2 | 1 << 5 | 1 << 7 | 1 << 10 | (machine.hasVGA ? 0 : 1 << 12)
  }

  /// Devices on ISA, perhaps a keyboard controller, perhaps no VGA.
  private static func bootArchitecture(_ machine: DescribedMachine) -> UInt16 {
    1 << 0 | (machine.placement(.keyboard) != nil ? 1 << 1 : 0) | (machine.hasVGA ? 0 : 1 << 2)
  }

  private static func sourceOverride(irq: UInt8, line: UInt32, flags: UInt16) -> [UInt8] {
    var bytes: [UInt8] = [2, 10, 0, irq]
    bytes.append(littleEndian: line)
    bytes.append(littleEndian: flags)
    return bytes
  }

  /// A generic address structure in port space.
  private static func io(_ port: Port, bits: UInt8, access: UInt8) -> [UInt8] {
    var bytes: [UInt8] = [1, bits, 0, access]
    bytes.append(littleEndian: UInt64(port.value))
    return bytes
  }

  private static func put(_ field: [UInt8], into bytes: inout [UInt8], at offset: Int) {
    bytes.replaceSubrange(offset..<(offset + field.count), with: field)
  }
}
