import Primitives

/// One structure of the SMBIOS table (DMTF DSP0134, section 7): a formatted area and its strings.
struct SMBIOSStructure {
  let kind: UInt8
  let handle: UInt16
  private var fields: [UInt8] = []
  private var strings: [UInt8] = []
  private var stringCount: UInt8 = 0

  private init(_ kind: UInt8, _ number: UInt16 = 0) {
    self.kind = kind
    handle = UInt16(kind) << 8 | number
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = [kind, UInt8(4 + fields.count)]
    bytes.append(littleEndian: handle)
    return bytes + fields + (stringCount == 0 ? [0, 0] : strings + [0])
  }

  private mutating func bytes(_ values: UInt8...) { fields += values }
  private mutating func word(_ value: UInt16) { fields.append(littleEndian: value) }
  private mutating func dword(_ value: UInt32) { fields.append(littleEndian: value) }
  private mutating func qword(_ value: UInt64) { fields.append(littleEndian: value) }

  private mutating func string(_ text: String) {
    stringCount += 1
    strings += text.utf8 + [0]
    fields.append(stringCount)
  }

  // MARK: What this machine says

  static func firmware(_ version: String) -> Self {
    var it = Self(0)
    it.string(vendor)
    it.string(version)
    it.word(0xF000)
    it.string("01/01/2026")
    it.bytes(0)  // 64 KiB
    it.qword(1 << 3)  // no characteristics to tell
    it.bytes(0, 1 << 4)  // a virtual machine
    it.bytes(0, 0, 0xFF, 0xFF)
    return it
  }

  static func system(_ identifier: [UInt8], _ version: String) -> Self {
    precondition(identifier.count == 16, "a UUID has 16 bytes")
    var it = Self(1)
    it.string(vendor)
    it.string(product)
    it.string(version)
    it.bytes(0)
    // The first three fields are little-endian, against how they are written.
    for index in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] { it.bytes(identifier[index]) }
    it.bytes(6, 0, 0)  // woken by the power switch
    return it
  }

  static func chassis(_ version: String) -> Self {
    var it = Self(3)
    it.string(vendor)
    it.bytes(1)  // other
    it.string(version)
    it.bytes(0, 0, 3, 3, 3, 2)  // all safe, security unknown
    it.dword(0)
    it.bytes(0, 0, 0, 0, 0)
    return it
  }

  /// One socket with all processors as its cores.
  static func processor(cores: Int, _ version: String) -> Self {
    let cores = UInt8(clamping: cores)
    var it = Self(4)
    it.string("CPU 0")
    it.bytes(3, 1)  // central processor, family other
    it.string(vendor)
    it.qword(0)
    it.string(version)
    it.bytes(0)
    it.word(0)
    it.word(megahertz)
    it.word(megahertz)
    it.bytes(0x41, 1)  // populated and enabled, upgrade other
    for _ in 1...3 { it.word(none) }
    it.bytes(0, 0, 0, cores, cores, cores)
    it.word(1 << 1)
    it.word(1)
    return it
  }

  static func memoryArray(_ memory: UInt64) -> Self {
    var it = Self(16)
    it.bytes(1, 3, 3)  // location other, system memory, no error correction
    let kibibytes = memory >> 10
    let small = kibibytes < 0x8000_0000
    it.dword(small ? UInt32(kibibytes) : 0x8000_0000)
    it.word(notProvided)
    it.word(1)
    it.qword(small ? 0 : memory)
    return it
  }

  static func memoryDevice(_ memory: UInt64) -> Self {
    var it = Self(17)
    let mebibytes = memory >> 20
    it.word(arrayHandle)
    it.word(notProvided)
    it.word(none)
    it.word(none)
    it.word(UInt16(min(mebibytes, 0x7FFF)))
    it.bytes(9, 0)  // a DIMM
    it.string("RAM 0")
    it.bytes(0, 7)  // RAM
    it.word(1 << 1)
    it.word(0)
    it.string(vendor)
    it.bytes(0, 0, 0, 0)
    it.dword(mebibytes < 0x7FFF ? 0 : UInt32(clamping: mebibytes))
    for _ in 1...4 { it.word(0) }
    return it
  }

  static func mappedMemory(_ number: UInt16, start: UInt64, count: UInt64) -> Self {
    var it = Self(19, number)
    let last = start + max(count, 1) - 1
    let small = last >> 10 < 0xFFFF_FFFF
    it.dword(small ? UInt32(start >> 10) : .max)
    it.dword(small ? UInt32(last >> 10) : .max)
    it.word(arrayHandle)
    it.bytes(1)
    it.qword(small ? 0 : start)
    it.qword(small ? 0 : last)
    return it
  }

  static var bootStatus: Self {
    var it = Self(32)
    it.bytes(0, 0, 0, 0, 0, 0, 0)
    return it
  }

  static var end: Self { Self(127) }

  private static let vendor = "swboot"
  private static let product = "swboot VM"
  /// Readers want a number; what runs here has no fixed speed.
  private static let megahertz: UInt16 = 2000
  private static let arrayHandle: UInt16 = 16 << 8
  private static let none: UInt16 = 0xFFFF
  private static let notProvided: UInt16 = 0xFFFE
}
