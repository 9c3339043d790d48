internal import Host
import Primitives

/// The header of a bzImage (Linux, Documentation/arch/x86/boot.rst), checked.
struct LinuxImage: Equatable {
  /// Bytes of the file before the protected-mode part.
  let setupSize: UInt64
  /// The protected-mode part, which is what gets loaded.
  let kernelSize: UInt64
  /// The header as the kernel wants it back, from 0x1F1 on.
  let header: [UInt8]
  let alignment: UInt64
  let isRelocatable: Bool
  let has64BitEntry: Bool
  let initrdLimit: UInt64
  let commandLineLimit: Int
  let preferredAddress: UInt64
  /// Where the kernel proper lies in the file, packed.
  let payload: ELFImage.Extent
  /// RAM that the kernel needs from its load address on before it reads the memory map.
  let memorySize: UInt64

  static let headerStart = 0x1F1
  static let headerReach = 0x400
  /// Room for the header in the boot parameters.
  private static let headerEnd = 0x290

  static func recognizes(_ bytes: [UInt8]) -> Bool {
    bytes.load(UInt16.self, at: 0x1FE) == 0xAA55 && bytes.load(UInt32.self, at: 0x202) == 0x5372_6448
  }

  /// - Parameter bytes: the first `headerReach` bytes of the file, or all of a shorter one.
  init(_ bytes: [UInt8], fileSize: UInt64, file: String) throws(LoadError) {
    func refuse(_ field: String, _ problem: String) -> LoadError {
      .field(file: file, name: field, problem: problem)
    }
    guard bytes.load(UInt16.self, at: 0x1FE) == 0xAA55 else { throw refuse("boot_flag", "is not 0xaa55") }
    guard bytes.load(UInt32.self, at: 0x202) == 0x5372_6448 else { throw refuse("header", "is not \"HdrS\"") }
    guard let version = bytes.load(UInt16.self, at: 0x206), let headerLength = bytes.load(UInt8.self, at: 0x201),
      let initSize = bytes.load(UInt32.self, at: 0x260), let preferred = bytes.load(UInt64.self, at: 0x258),
      let alignment = bytes.load(UInt32.self, at: 0x230), let relocatable = bytes.load(UInt8.self, at: 0x234),
      let extendedFlags = bytes.load(UInt16.self, at: 0x236), let commandLineSize = bytes.load(UInt32.self, at: 0x238),
      let initrdMaximum = bytes.load(UInt32.self, at: 0x22C), let flags = bytes.load(UInt8.self, at: 0x211),
      let entry = bytes.load(UInt32.self, at: 0x214), let paragraphs = bytes.load(UInt32.self, at: 0x1F4),
      let payloadOffset = bytes.load(UInt32.self, at: 0x248), let payloadSize = bytes.load(UInt32.self, at: 0x24C)
    else { throw refuse("header", "is cut off") }
    guard version >= 0x020A else {
      throw refuse("version", "is \(version >> 8).\(version & 0xFF), older than 2.10 of Linux 2.6.31: --firmware builtin starts it")
    }

    let end = 0x202 + Int(headerLength)
    guard end >= 0x264 else { throw refuse("jump", "ends the header before init_size") }
    guard end <= bytes.count else { throw refuse("jump", "leads past the end of the file") }
    header = Array(bytes[Self.headerStart..<min(end, Self.headerEnd)])

    let sectors = bytes[0x1F1]
    setupSize = (UInt64(sectors == 0 ? 4 : sectors) + 1) * 512
    guard setupSize < fileSize else { throw refuse("setup_sects", "leaves no room for the kernel in the file") }
    kernelSize = fileSize - setupSize
    guard UInt64(paragraphs) * 16 <= kernelSize.roundedUp(toMultipleOf: 16) else {
      throw refuse("syssize", "is larger than the file: the file is cut off")
    }
    guard UInt64(payloadOffset) + UInt64(payloadSize) <= kernelSize else {
      throw refuse("payload_length", "leads past the end of the file")
    }
    payload = ELFImage.Extent(offset: setupSize + UInt64(payloadOffset), count: UInt64(payloadSize))
    guard flags & 1 == 1 else { throw refuse("loadflags", "say that the kernel is not loaded high") }
    guard entry >= 0x10_0000 else { throw refuse("code32_start", "is below 1 MiB") }

    isRelocatable = relocatable != 0
    guard !isRelocatable || alignment.nonzeroBitCount == 1 else {
      throw refuse("kernel_alignment", "is 0x\(UInt64(alignment).hex()), not a power of two")
    }
    self.alignment = UInt64(max(alignment, 1))
    // xloadflags came with 2.12.
    has64BitEntry = version >= 0x020C && extendedFlags & 1 == 1
    guard !has64BitEntry || kernelSize > 0x200 else { throw refuse("xloadflags", "promise an entry past the end of the file") }
    initrdLimit = UInt64(initrdMaximum) + 1
    commandLineLimit = Int(commandLineSize)
    preferredAddress = preferred
    guard initSize != 0 else { throw refuse("init_size", "is zero") }
    memorySize = max(UInt64(initSize), kernelSize)
  }

  /// Where to load it in a machine with `lowSize` bytes of RAM below 4 GiB.
  func loadAddress(lowSize: UInt64, file: String) throws(LoadError) -> UInt64 {
    let preferredFits =
      preferredAddress >= LowMemory.end && preferredAddress <= lowSize && memorySize <= lowSize - preferredAddress
    if preferredFits { return preferredAddress }
    guard isRelocatable else {
      throw .field(
        file: file, name: "pref_address",
        problem: "is 0x\(preferredAddress.hex()), where the machine does not have the \(memorySize) bytes of RAM it needs")
    }
    let lowest = LowMemory.end.roundedUp(toMultipleOf: alignment)
    guard lowest <= lowSize, memorySize <= lowSize - lowest else {
      throw .field(
        file: file, name: "init_size",
        problem: "asks for \(memorySize) bytes of RAM from 0x\(lowest.hex()) on, but RAM ends at 0x\(lowSize.hex())")
    }
    return lowest
  }
}
