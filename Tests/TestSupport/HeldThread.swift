internal import CTestSupport
internal import Glibc

/// A thread of a child process that stands still, as one does whose host call never comes back. For the thread that made it.
public struct HeldThread {
  private let number: Int32

  /// Nil if the process has no thread with this name, or if this host forbids to hold it.
  init?(_ name: String, of process: Int32) {
    let threads = "/proc/\(process)/task"
    let named = Self.names(in: threads).compactMap(Int32.init).first { thread in
      TemporaryFile.contents(of: "\(threads)/\(thread)/comm") == Array("\(name)\n".utf8)
    }
    guard let named, hold_thread(named) == 0 else { return nil }
    number = named
  }

  /// Whether its process ends in spite of it, before the user loses patience. Then it goes on.
  public func letsItsProcessEnd(milliseconds: Int32) -> Bool { held_thread_ends(number, milliseconds) != 0 }

  private static func names(in path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      unsafe names.append(withUnsafeBytes(of: entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }
}
