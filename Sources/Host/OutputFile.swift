import CLinux
import Glibc

/// A file that swboot writes from its start: a console's log, a trace.
public final class OutputFile: Sendable {
  private let file: Descriptor

  public init(path: String) throws(FileError) {
    do throws(SystemError) {
      let number = unsafe linux_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      guard number >= 0 else { throw SystemError(code: -number) }
      file = Descriptor(owning: number)
    } catch {
      throw FileError(path: path, .system(error))
    }
  }

  /// Writes everything; false if the host refuses it, as a full disk does.
  public func write(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let n = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress?.advanced(by: done), $0.count - done) }
      if n < 0, errno == EINTR { continue }
      guard n > 0 else { return false }
      done += n
    }
    return true
  }
}
