import Glibc

/// A pipe that is full, and that nobody reads.
public final class StuckPipe {
  private let reader: Int32
  /// The end that a program writes to.
  public let descriptor: Int32

  public init() {
    guard let ends = ChildProcess.pipe() else { preconditionFailure("a test needs a pipe") }
    (reader, descriptor) = ends
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let block = [UInt8](repeating: 0x7A, count: 4096)
    while unsafe write(descriptor, block, block.count) > 0 {}
    _ = fcntl(descriptor, F_SETFL, 0)
  }

  deinit {
    close(reader)
    close(descriptor)
  }
}
