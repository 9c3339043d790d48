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

  static let headerStart = SetupHeader.Field.setupSectors
  static let headerReach = 0x400
  /// Room for the header in the boot parameters.
  private static let headerEnd = 0x290

  static func recognizes(_ bytes: [UInt8]) -> Bool {
    let setup = SetupHeader(bytes)
    return setup.number(SetupHeader.Field.bootFlag) == SetupHeader.bootFlag && setup.number(SetupHeader.Field.magic) == SetupHeader.magic
  }

  /// - Parameter bytes: the first `headerReach` bytes of the file, or all of a shorter one.
  init(_ bytes: [UInt8], fileSize: UInt64, file: String) throws(LoadError) {
    func refuse(_ field: String, _ problem: String) -> LoadError {
      .field(file: file, name: field, problem: problem)
    }
    typealias Field = SetupHeader.Field
    let setup = SetupHeader(bytes)
    guard setup.number(Field.bootFlag) == SetupHeader.bootFlag else { throw refuse("boot_flag", "is not 0xaa55") }
    guard setup.number(Field.magic) == SetupHeader.magic else { throw refuse("header", "is not \"HdrS\"") }
    guard let version = setup.version, let headerLength: UInt8 = setup.number(Field.jump),
      let initSize: UInt32 = setup.number(Field.initSize), let preferred: UInt64 = setup.number(Field.preferredAddress),
      let alignment: UInt32 = setup.number(Field.alignment), let relocatable: UInt8 = setup.number(Field.relocatable),
      let extendedFlags: UInt16 = setup.number(Field.extendedLoadFlags),
      let commandLineSize: UInt32 = setup.number(Field.commandLineSize), let flags: UInt8 = setup.number(Field.loadFlags),
      let entry: UInt32 = setup.number(Field.start32), let paragraphs: UInt32 = setup.number(Field.systemSize),
      let payloadOffset: UInt32 = setup.number(Field.payloadOffset), let payloadSize: UInt32 = setup.number(Field.payloadSize)
    else { throw refuse("header", "is cut off") }
    guard version >= 0x020A else {
      throw refuse("version", "is \(version >> 8).\(version & 0xFF), older than 2.10 of Linux 2.6.31: --firmware builtin starts it")
    }

    let end = Field.magic + Int(headerLength)
    guard end >= Field.initSize + 4 else { throw refuse("jump", "ends the header before init_size") }
    guard end <= bytes.count else { throw refuse("jump", "leads past the end of the file") }
    header = Array(bytes[Self.headerStart..<min(end, Self.headerEnd)])

    setupSize = setup.setupSize
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
    initrdLimit = setup.initrdLimit
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
