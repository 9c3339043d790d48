public import Host
internal import Primitives

/// A kernel's version, as `uname -r` has it.
public enum KernelRelease {
  /// Nil where the file does not say it. A bzImage has it in its header: the first word of a text whose place stands there.
  public static func find(in file: HostFile) throws(FileError) -> String? {
    let header = try file.bytes(at: 0, count: 0x300)
    guard LinuxImage.recognizes(header), let place = header.load(UInt16.self, at: 0x20E), place > 0 else { return nil }
    let text = try file.bytes(at: UInt64(place) + 0x200, count: 256).prefix { $0 > 0x20 && $0 < 0x7F }
    return text.isEmpty || text.contains(0x2F) ? nil : String(decoding: text, as: UTF8.self)
  }
}
