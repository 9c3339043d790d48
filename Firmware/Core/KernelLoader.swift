internal import Primitives

/// Loads the kernel that the user chose, as the board hands it over, and starts it.
///
/// A kernel of our time is started at its 32-bit entry; programs that only look like one, such as memdisk and
/// iPXE, have an older header and want their 16-bit setup code run.
struct KernelLoader<H: Hardware> {
  enum Problem: Error {
    case notKernel
    case badHeader
    case noRoom
    case unreadable
    case commandLineTooLong
  }

  private enum Place {
    /// The setup part in real-mode segment 1000, heap and stack behind it.
    static var setup: GuestAddress { 0x1_0000 }
    static var setupSegment: UInt16 { 0x1000 }
    static var stack: UInt16 { 0xFFF0 }
    static var heapEnd: UInt16 { 0xE000 }
    static var commandLine: GuestAddress { 0x2_0000 }
    static var commandLineSize: UInt32 { 0x1_0000 }
    static var parameters: GuestAddress { 0x9_0000 }
  }

  private typealias Key = ConfigurationFiles<H>.Key
  private static var headerStart: Int { 0x1F1 }
  /// Room for the header in the boot parameters.
  private static var headerEnd: Int { 0x290 }
  /// The version with `init_size`; whatever is older is started in real mode.
  private static var modernVersion: UInt16 { 0x020A }

  let hardware: H
  let files: ConfigurationFiles<H>
  let map: MemoryMap<H>
  let rootPointer: GuestAddress?

  var hasKernel: Bool { files.number(Key.setupSize) != 0 }

  private var setup: GuestAddress { Place.setup }

  /// Comes back only in a test, or if the kernel cannot be started.
  func start() throws(Problem) {
    let setupSize = files.number(Key.setupSize)
    guard setupSize >= 0x268, setupSize <= UInt32(Place.heapEnd) else { throw .notKernel }
    try read(Key.setup, setupSize, to: setup)
    guard hardware.word(at: setup + 0x1FE) == 0xAA55, hardware.dword(at: setup + 0x202) == 0x5372_6448 else {
      throw .notKernel
    }
    // Version 2.02 brought the command line by pointer, bit 0 that the kernel is loaded at 1 MiB or above.
    let version = hardware.word(at: setup + 0x206)
    guard version >= 0x0202, hardware.byte(at: setup + 0x211)[bit: 0] else { throw .badHeader }
    try readCommandLine(version)
    let isModern = version >= Self.modernVersion
    let kernelSize = files.number(Key.kernelSize)
    let size = isModern ? max(kernelSize, hardware.dword(at: setup + 0x260)) : kernelSize
    let address = try place(size, isModern)
    try read(Key.kernel, kernelSize, to: address)
    try readInitrd(above: address.value + UInt64(size))
    hardware.put(UInt8(0xFF), at: setup + 0x210)  // a boot loader without a number
    hardware.put(UInt32(truncatingIfNeeded: Place.commandLine.value), at: setup + 0x228)
    hardware.put(UInt32(truncatingIfNeeded: address.value), at: setup + 0x214)
    if isModern { startProtected(at: address) } else { startReal() }
  }

  private func read(_ key: UInt16, _ size: UInt32, to address: GuestAddress) throws(Problem) {
    guard size == 0 || files.copy(size, of: key, to: address) else { throw .unreadable }
  }

  private func readCommandLine(_ version: UInt16) throws(Problem) {
    let size = files.number(Key.commandLineSize)
    let limit = version >= 0x0206 ? hardware.dword(at: setup + 0x238) : 255
    guard size <= Place.commandLineSize, size <= limit &+ 1 else { throw .commandLineTooLong }
    hardware.put(UInt8(0), at: Place.commandLine)
    try read(Key.commandLine, size, to: Place.commandLine)
  }

  /// Where the protected-mode part goes: where it prefers to be, or as low as it can.
  private func place(_ size: UInt32, _ isModern: Bool) throws(Problem) -> GuestAddress {
    let lowest = MemoryMap<H>.oneMiB
    let preferred = isModern ? hardware.qword(at: setup + 0x258) : lowest
    if preferred >= lowest, preferred <= map.lowTop, UInt64(size) <= map.lowTop - preferred {
      return GuestAddress(preferred)
    }
    let alignment = UInt64(hardware.dword(at: setup + 0x230))
    guard isModern, hardware.byte(at: setup + 0x234) != 0 else { throw .noRoom }
    guard alignment > 0, alignment & (alignment - 1) == 0 else { throw .badHeader }
    let address = lowest.roundedUp(toMultipleOf: alignment)
    guard address <= map.lowTop, UInt64(size) <= map.lowTop - address else { throw .noRoom }
    return GuestAddress(address)
  }

  /// As high as the kernel allows.
  private func readInitrd(above floor: UInt64) throws(Problem) {
    let size = files.number(Key.initrdSize)
    guard size > 0 else { return }
    // Version 2.03 brought the limit.
    let limit = hardware.word(at: setup + 0x206) >= 0x0203 ? hardware.dword(at: setup + 0x22C) : 0x37FF_FFFF
    let top = min(map.lowTop, UInt64(limit) + 1)
    guard UInt64(size) <= top else { throw .noRoom }
    let address = (top - UInt64(size)) & ~0xFFF
    guard address >= floor else { throw .noRoom }
    try read(Key.initrd, size, to: GuestAddress(address))
    hardware.put(UInt32(truncatingIfNeeded: address), at: setup + 0x218)
    hardware.put(size, at: setup + 0x21C)
  }

  /// Linux' 32-bit boot protocol: the boot parameters carry the header, the memory map and the tables' root.
  private func startProtected(at address: GuestAddress) {
    let parameters = Place.parameters
    hardware.fill(0, count: 0x1000, at: parameters)
    let end = min(0x202 + Int(hardware.byte(at: setup + 0x201)), Self.headerEnd)
    hardware.copy(
      UInt32(end - Self.headerStart), from: setup + Self.headerStart, to: parameters + Self.headerStart)
    hardware.put(UInt16(0xFFFF), at: parameters + 0x1FA)  // the normal video mode
    if let rootPointer { hardware.put(rootPointer.value, at: parameters + 0x070) }
    hardware.put(UInt8(truncatingIfNeeded: map.count), at: parameters + 0x1E8)
    let mapSize = UInt32(map.count * MemoryMap<H>.entrySize)
    hardware.copy(mapSize, from: map.address(of: 0), to: parameters + 0x2D0)
    hardware.enterKernel(at: address, parameters: parameters)
  }

  /// The 16-bit protocol: the setup code asks the BIOS for everything.
  private func startReal() {
    let flags = hardware.byte(at: setup + 0x211)
    hardware.put(flags | 0x80, at: setup + 0x211)  // there is a heap
    hardware.put(Place.heapEnd - 0x200, at: setup + 0x224)
    var entry = RealModeEntry(segment: Place.setupSegment + 0x20, offset: 0)
    entry.dataSegment = Place.setupSegment
    entry.stackPointer = Place.stack
    hardware.enterRealMode(entry)
  }
}

extension KernelLoader.Problem {
  /// What the user reads.
  var words: Text {
    switch self {
    case .notKernel: "the kernel is not a bzImage"
    case .badHeader: "the kernel's header is broken, or of a kernel that is too old"
    case .noRoom: "the machine has too little memory for the kernel and its initial RAM disk"
    case .unreadable: "the board does not hand the kernel over"
    case .commandLineTooLong: "the command line is longer than the kernel allows"
    }
  }
}
