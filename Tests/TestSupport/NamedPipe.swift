import Glibc

/// A pipe with a name, at which nobody is, and which is gone when the test is.
public final class NamedPipe: Sendable {
  public let path: String

  public init() {
    // Nobody else uses the name of a file that is there.
    let file = TemporaryFile()
    path = file.path + ".pipe"
    precondition(unsafe mkfifo(path, 0o600) == 0, "a test needs /tmp")
  }

  deinit { unsafe unlink(path) }
}
