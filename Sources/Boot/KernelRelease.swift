public import Host
internal import Primitives

/// A kernel's version, as `uname -r` has it.
public enum KernelRelease {
  /// How far into an ELF file its constants are looked for; debug information comes behind them.
  private static let searchLimit: UInt64 = 128 << 20

  /// Nil where the file does not say it.
  public static func find(in file: HostFile) throws(FileError) -> String? {
    let header = try file.bytes(at: 0, count: 0x300)
    if header.starts(with: [0x7F] + Array("ELF".utf8)) { return try findBanner(in: file) }
    // A bzImage has in its header where the text begins.
    guard LinuxImage.recognizes(header), let place = header.load(UInt16.self, at: 0x20E), place > 0 else { return nil }
    return release(try file.bytes(at: UInt64(place) + 0x200, count: 256)[...])
  }

  /// An ELF file has among its constants the first line that the kernel writes.
  private static func findBanner(in file: HostFile) throws(FileError) -> String? {
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
