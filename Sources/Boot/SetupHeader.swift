import Primitives

/// The setup part at the start of a bzImage, with the header in it by which kernel and boot loader tell each other what
/// they need (Linux, Documentation/arch/x86/boot.rst). What the kernel says is not checked here.
public struct SetupHeader: Sendable {
  /// Where the fields are, in the file and in the boot parameters.
  enum Field {
    static let setupSectors = 0x1F1, systemSize = 0x1F4, videoMode = 0x1FA, bootFlag = 0x1FE, jump = 0x201, magic = 0x202
    static let version = 0x206, loaderType = 0x210, loadFlags = 0x211, start32 = 0x214, initrd = 0x218, initrdSize = 0x21C
    static let heapEnd = 0x224, commandLine = 0x228, initrdMaximum = 0x22C, alignment = 0x230, relocatable = 0x234
    static let extendedLoadFlags = 0x236, commandLineSize = 0x238, payloadOffset = 0x248, payloadSize = 0x24C
    static let setupData = 0x250, preferredAddress = 0x258, initSize = 0x260
  }

  static let bootFlag: UInt16 = 0xAA55
  /// "HdrS".
  static let magic: UInt32 = 0x5372_6448
  /// The number of a boot loader that has none.
  static let noLoader: UInt8 = 0xFF

  public private(set) var bytes: [UInt8]

  /// - Parameter bytes: from the file's start on.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Nil for what is no bzImage, or one without a header.
  public var version: UInt16? { number(Field.magic) == Self.magic ? number(Field.version) : nil }

  /// How many bytes come before the kernel itself.
  public var setupSize: UInt64 {
    let sectors: UInt8 = number(Field.setupSectors) ?? 0
    return (UInt64(sectors == 0 ? 4 : sectors) + 1) * 512
  }

  /// Where the initial RAM disk has to end.
  public var initrdLimit: UInt64 {
    guard let version, version >= 0x203, let last: UInt32 = number(Field.initrdMaximum) else { return 0x3800_0000 }
    return UInt64(last) + 1
  }

  func number<T: FixedWidthInteger & UnsignedInteger>(_ field: Int) -> T? { bytes.load(T.self, at: field) }

  /// Tells a kernel that starts in real mode where everything is.
  ///
  /// - Parameters:
  ///   - setup: where the setup part itself will be.
  ///   - commandLine: behind it. What is between them is the kernel's to use.
  public mutating func tell(initrd: UInt64, initrdSize: UInt64, commandLine: UInt64, setup: UInt64) {
    guard let version, bytes.count >= Field.alignment else { return }
    bytes.store(Self.noLoader, at: Field.loaderType)
    bytes.store(UInt32(truncatingIfNeeded: initrd), at: Field.initrd)
    bytes.store(UInt32(truncatingIfNeeded: initrdSize), at: Field.initrdSize)
    if version >= 0x201 {
      bytes[Field.loadFlags] |= 0x80  // there is a heap
      bytes.store(UInt16(truncatingIfNeeded: commandLine - setup - 0x200), at: Field.heapEnd)
    }
    if version >= 0x202 {
      bytes.store(UInt32(truncatingIfNeeded: commandLine), at: Field.commandLine)
    } else {
      bytes.store(UInt16(0xA33F), at: 0x20)
      bytes.store(UInt16(truncatingIfNeeded: commandLine - setup), at: 0x22)
    }
  }
}
