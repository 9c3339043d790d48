import Glibc

/// A file that is gone when the test is.
public final class TemporaryFile: Sendable {
  public let path: String

  public init(_ bytes: [UInt8] = []) {
    var name = Array("/tmp/swboot-test-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&name)
    precondition(descriptor >= 0, "a test needs /tmp")
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress.map { unsafe $0 + done }, $0.count - done) }
      precondition(count > 0, "a test needs room in /tmp")
      done += count
    }
    close(descriptor)
  }

  deinit { unsafe unlink(path) }

  /// Takes everything out of it, whoever has it open.
  public func truncate() { unsafe _ = Glibc.truncate(path, 0) }

  /// What is in it now.
  public var bytes: [UInt8] { Self.contents(of: path) }

  /// What is in a file that is not ours; nothing if there is none.
  public static func contents(of path: String) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe read(file, &chunk, chunk.count)
      guard count > 0 else { return bytes }
      bytes += chunk.prefix(count)
    }
  }

  public var text: String { String(decoding: bytes, as: UTF8.self) }
}
