import CLinux
import Glibc

/// How much of an image a virtual machine wants for itself. The locks are QEMU's, so that each respects the other's.
///
/// For each permission one byte is locked by whoever has it, and another by whoever allows it to nobody else (QEMU,
/// block/file-posix.c).
enum ImageLock {
  /// Reads what nobody changes.
  case reader
  /// Reads and writes, alone.
  case writer

  private enum Action: Int64, CaseIterable {
    case read = 0
    case write = 1
    case resize = 3

    var done: Int64 { 100 + rawValue }
    var forbidden: Int64 { 200 + rawValue }
  }

  private var actions: [Action] { self == .reader ? [.read] : [.read, .write] }
  private var forbids: [Action] { [.write, .resize] }

  /// Takes the lock for as long as the file is open.
  func acquire(_ file: borrowing Descriptor, of path: String) throws(FileError) {
    for byte in actions.map(\.done) + forbids.map(\.forbidden) {
      try Self.check(linux_lock_byte(file.number, byte), path)
    }
    for byte in actions.map(\.forbidden) + forbids.map(\.done) {
      guard try Self.check(linux_byte_is_locked(file.number, byte), path) == 0 else { throw FileError(path: path, .locked) }
    }
  }

  /// Whether a virtual machine does anything with the file; false where the file system has no locks.
  static func isTaken(_ file: Int32) -> Bool {
    Action.allCases.contains { linux_byte_is_locked(file, $0.done) > 0 }
  }

  @discardableResult
  private static func check(_ answer: Int32, _ path: String) throws(FileError) -> Int32 {
    guard answer != -EAGAIN else { throw FileError(path: path, .locked) }
    guard answer >= 0 else { throw FileError(path: path, .system(SystemError(code: -answer))) }
    return answer
  }
}
