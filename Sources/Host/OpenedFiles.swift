internal import Synchronization

/// Files for reading that are opened once, however often somebody asks for them.
public final class OpenedFiles: Sendable {
  private let files = Mutex<[String: HostFile]>([:])

  public init() {}

  /// A file that is at no path, by the name that it has in messages.
  public func add(_ file: HostFile) { files.withLock { $0[file.path] = file } }

  /// The file at a path, as it was when somebody first asked for it.
  public func file(_ path: String) throws(FileError) -> HostFile {
    if let file = files.withLock({ $0[path] }) { return file }
    let file = try HostFile(path: path)
    files.withLock { $0[path] = file }
    return file
  }
}
