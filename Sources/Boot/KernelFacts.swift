public import Host
internal import Primitives

/// What a kernel's file says of it.
public struct KernelFacts {
  /// How far into an ELF file its constants are looked for; debug information comes behind them.
  private static let searchLimit: UInt64 = 128 << 20

  /// Its version, as `uname -r` has it; nil where the file does not say it.
  public let release: String?
  /// Whether it surely is one of 32 bits, which runs no program of 64.
  public let isNarrow: Bool

  public init(of file: HostFile) throws(FileError) {
    let header = try file.bytes(at: 0, count: 0x300)
    switch Payload(header) {
    case .elf: (release, isNarrow) = (try Self.banner(of: file), header.dropFirst(4).first == 1)
    case .linux: (release, isNarrow) = (try Self.version(of: file, header), Self.isNarrow(header))
    default: (release, isNarrow) = (nil, false)
    }
  }

  /// A bzImage has in its header where the text begins.
  private static func version(of file: HostFile, _ header: [UInt8]) throws(FileError) -> String? {
    guard let place = header.load(UInt16.self, at: 0x20E), place > 0 else { return nil }
    return release(try file.bytes(at: UInt64(place) + 0x200, count: 256)[...])
  }

  /// Since version 2.12 of the protocol its flags say whether it has an entry of 64 bits.
  private static func isNarrow(_ header: [UInt8]) -> Bool {
    let setup = SetupHeader(header)
    guard let version = setup.version, version >= 0x020C, let flags: UInt16 = setup.number(SetupHeader.Field.extendedLoadFlags) else { return false }
    return flags & 1 == 0
  }

  /// An ELF file has among its constants the first line that the kernel writes.
  private static func banner(of file: HostFile) throws(FileError) -> String? {
    let banner = Array("Linux version ".utf8)
    let (portion, overlap) = (1 << 20, 256)
    for offset in stride(from: 0, to: min(file.size, searchLimit), by: portion) {
      let bytes = try file.bytes(at: offset, count: portion + overlap)
      var start = bytes.startIndex
      while let next = bytes[start...].firstIndex(of: banner[0]) {
        start = next + 1
        if bytes[next...].starts(with: banner), let release = release(bytes[(next + banner.count)...]) { return release }
      }
    }
    return nil
  }

  /// The first word of a text; nil if it is none.
  private static func release(_ text: ArraySlice<UInt8>) -> String? {
    let word = text.prefix(256).prefix { $0 > 0x20 && $0 < 0x7F }
    return word.isEmpty || word.contains(0x2F) || word.contains(0x25) ? nil : String(decoding: word, as: UTF8.self)
  }
}
