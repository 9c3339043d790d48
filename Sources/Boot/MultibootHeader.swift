import Primitives

/// The header by which a kernel asks for Multiboot 1 (Multiboot Specification 0.6.96, 3.1), checked.
struct MultibootHeader: Equatable {
  /// Where the header lies in the file.
  let offset: Int
  /// Modules are to start on page boundaries.
  let alignsModules: Bool
  /// Where to load a file that is not ELF.
  let addresses: Addresses?

  struct Addresses: Equatable {
    /// Where in the file the loaded part begins.
    let fileOffset: UInt64
    let load: UInt64
    /// Bytes to copy.
    let fileSize: UInt64
    /// Bytes to occupy, zeroes behind the copy.
    let memorySize: UInt64
    let entry: UInt64
  }

  static let magic: UInt32 = 0x1BAD_B002

  static func isIn(_ bytes: [UInt8]) -> Bool { find(bytes) != nil }

  /// The header is four-byte aligned in the first 8 KiB, and its first three words add up to zero.
  private static func find(_ bytes: [UInt8]) -> Int? {
    stride(from: 0, to: min(bytes.count, 8192) - 11, by: 4).first { at in
      guard bytes.load(UInt32.self, at: at) == magic, let flags = bytes.load(UInt32.self, at: at + 4),
        let checksum = bytes.load(UInt32.self, at: at + 8)
      else { return false }
      return magic &+ flags &+ checksum == 0
    }
  }

  /// Nil where the file has none.
  init?(_ bytes: [UInt8], fileSize: UInt64, file: String) throws(LoadError) {
    guard let at = Self.find(bytes), let flags = bytes.load(UInt32.self, at: at + 4) else { return nil }
    func refuse(_ field: String, _ problem: String) -> LoadError {
      .field(file: file, name: "Multiboot \(field)", problem: problem)
    }
    // Bits 0 to 15 are demands; of these we know page alignment, memory information and video mode.
    guard flags & 0xFFF8 == 0 else { throw refuse("flags", "demand what this machine does not know") }
    offset = at
    alignsModules = flags[bit: 0]
    guard flags[bit: 16] else {
      addresses = nil
      return
    }
    guard let header = bytes.load(UInt32.self, at: at + 12), let load = bytes.load(UInt32.self, at: at + 16),
      let loadEnd = bytes.load(UInt32.self, at: at + 20), let bssEnd = bytes.load(UInt32.self, at: at + 24),
      let entry = bytes.load(UInt32.self, at: at + 28)
    else { throw refuse("header", "is cut off") }
    guard load <= header else { throw refuse("load_addr", "is above header_addr") }
    guard UInt64(header - load) <= UInt64(at) else { throw refuse("load_addr", "is before the start of the file") }
    let start = UInt64(at) - UInt64(header - load)
    guard loadEnd == 0 || loadEnd > load else { throw refuse("load_end_addr", "is below load_addr") }
    let size = loadEnd == 0 ? fileSize - start : UInt64(loadEnd - load)
    guard size <= fileSize - start else { throw refuse("load_end_addr", "leads past the end of the file") }
    let end = UInt64(load) + size
    guard bssEnd == 0 || UInt64(bssEnd) >= end else { throw refuse("bss_end_addr", "is below the loaded part's end") }
    let memorySize = bssEnd == 0 ? size : UInt64(bssEnd - load)
    guard entry >= load, UInt64(entry) < UInt64(load) + memorySize else {
      throw refuse("entry_addr", "is outside of what is loaded")
    }
    addresses = Addresses(
      fileOffset: start, load: UInt64(load), fileSize: size, memorySize: memorySize, entry: UInt64(entry))
  }
}
