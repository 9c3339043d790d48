import Primitives

/// Linux' "zero page": what a boot loader tells the kernel.
struct BootParameters {
  private typealias Field = SetupHeader.Field

  private(set) var bytes = [UInt8](repeating: 0, count: 4096)

  /// For a bzImage, whose own header it continues.
  init(header: [UInt8]) {
    bytes.replaceSubrange(LinuxImage.headerStart..<LinuxImage.headerStart + header.count, with: header)
    common()
  }

  /// For an ELF kernel, which has no header.
  init() {
    bytes.store(SetupHeader.bootFlag, at: Field.bootFlag)
    bytes.store(SetupHeader.magic, at: Field.magic)
    bytes.store(UInt16(0x020F), at: Field.version)
    bytes.store(UInt32(0x0100_0000), at: Field.alignment)
    common()
  }

  private mutating func common() {
    bytes.store(UInt16(0xFFFF), at: Field.videoMode)  // normal
    bytes.store(SetupHeader.noLoader, at: Field.loaderType)
  }

  mutating func setKernel(_ address: UInt64) { bytes.store(UInt32(truncatingIfNeeded: address), at: Field.start32) }

  /// The kernel's address was chosen at random: it goes on with its other memory regions (loadflags, KASLR_FLAG).
  mutating func setRandomBase() { bytes[Field.loadFlags] |= 2 }

  mutating func setInitrd(_ range: MemoryRange) {
    store(range.first.value, low: Field.initrd, high: 0x0C0)
    store(range.count, low: Field.initrdSize, high: 0x0C4)
  }

  mutating func setCommandLine(_ address: GuestAddress) { store(address.value, low: Field.commandLine, high: 0x0C8) }
  mutating func setRootPointer(_ address: UInt64) { bytes.store(address, at: 0x070) }
  mutating func setScreen(_ screen: ScreenInformation) {
    bytes.replaceSubrange(0..<screen.bytes.count, with: screen.bytes)
  }
  mutating func setSetupData(_ address: UInt64) { bytes.store(address, at: Field.setupData) }

  mutating func setMemoryMap(_ map: MemoryMap) {
    bytes.store(UInt8(map.entries.count), at: 0x1E8)
    let packed = map.packed
    bytes.replaceSubrange(0x2D0..<0x2D0 + packed.count, with: packed)
  }

  private mutating func store(_ value: UInt64, low: Int, high: Int) {
    bytes.store(UInt32(truncatingIfNeeded: value), at: low)
    bytes.store(UInt32(truncatingIfNeeded: value >> 32), at: high)
  }
}
