import Glibc

@testable import SoftCPU

/// Lets translated code that goes round for ever be left, so that it is told as a difference.
enum EndlessCode {
  nonisolated(unsafe) private static var core: Core?
  /// Longer than anything takes on a busy machine.
  private static let seconds: UInt32 = 30

  static func watch(_ core: Core, _ body: () throws -> String?) rethrows -> String? {
    unsafe self.core = core
    signal(SIGALRM) { _ in unsafe EndlessCode.core?[.attention] = 1 }
    alarm(seconds)
    defer { alarm(0) }
    return try body()
  }
}
