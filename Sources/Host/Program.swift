internal import CVersion
import Glibc

/// This program as its caller sees it.
public enum Program {
  /// The version, and the commit it was built from.
  public static var version: String { unsafe String(cString: swboot_version) }

  /// Makes sure that descriptors 0 to 2 exist, so that nothing else gets their numbers: a caller may have closed them.
  public static func holdStandardStreams() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY)
    }
  }

  /// A line on standard error; a closed one loses it.
  public static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    var done = 0
    while done < bytes.count {
      let n = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress?.advanced(by: done), $0.count - done) }
      if n < 0, errno == EINTR { continue }
      guard n > 0 else { return }
      done += n
    }
  }

  /// Ends at once: threads that still wait for input or output do not matter any more.
  public static func exit(status: Int32) -> Never { _exit(status) }
}
