import Glibc

/// A folder that is gone, with all that is in it, when the test is.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() {
    var name = Array("/tmp/swboot-test-XXXXXX".utf8CString)
    precondition(unsafe mkdtemp(&name) != nil, "a test needs /tmp")
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { _ = ChildProcess.run("/bin/rm", ["-rf", path]) }

  /// Puts a file into it.
  public func write(_ text: String, to name: String) { write(Array(text.utf8), to: name) }

  public func write(_ bytes: [UInt8], to name: String) {
    let file = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    precondition(file >= 0, "a test needs room in /tmp")
    _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
    close(file)
  }

  /// What is in a file of it now; empty if there is none.
  public func text(of name: String) -> String { String(decoding: TemporaryFile.contents(of: "\(path)/\(name)"), as: UTF8.self) }
}
