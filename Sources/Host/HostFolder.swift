import Glibc

/// A folder of the host, by its path.
public enum HostFolder {
  /// The names in it, in order, without `.` and `..`; nil where there is none to read.
  public static func names(_ path: String) -> [String]? {
    guard let folder = try? HostNode(path: path).open(O_RDONLY | O_DIRECTORY) else { return nil }
    var names: [String] = []
    var place: Int64 = 0
    while let entries = try? folder.entries(from: place, limit: 1 << 16), let last = entries.last {
      names += entries.map { String(decoding: $0.name, as: UTF8.self) }
      place = last.next
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  public static func isThere(_ path: String) -> Bool { FileKind(of: path) == .directory }
}
