import CLinux
import Glibc
import Synchronization

/// Something that swboot writes from its start: a console's log, a trace, a pipe to another program, a device.
public final class OutputFile: Sendable {
  public let path: String
  /// Missing as long as nobody reads from the pipe at this path.
  private let file: Mutex<Int32?>
  private let isOurs: Bool

  /// Never waits, not even for a pipe's reader: the first write does. The old contents of a file are discarded.
  public init(path: String) throws(FileError) {
    self.path = path
    isOurs = true
    let kind = FileKind(of: path)
    if let kind, [.directory, .blockDevice, .socket].contains(kind) { throw FileError(path: path, .unwritable(kind)) }
    var reason: FileError.Reason
    do throws(SystemError) {
      let opened = try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644)
      let isRegular = try opened.kind() == .regular
      if !isRegular || !ImageLock.isTaken(opened.number) {
        if isRegular { try opened.setSize(0) }
        file = Mutex(opened.release())
        return
      }
      reason = .locked
    } catch { reason = .system(error) }
    // Nobody reads from the pipe yet.
    guard reason == .system(SystemError(code: ENXIO)), kind == .pipe else { throw FileError(path: path, reason) }
    file = Mutex(nil)
  }

  private init(standard number: Int32, _ path: String) {
    self.path = path
    isOurs = false
    file = Mutex(number)
  }

  public static let standardOutput = OutputFile(standard: 1, "standard output")
  public static let standardError = OutputFile(standard: 2, "standard error")

  deinit {
    guard isOurs else { return }
    file.withLock { if let number = $0 { close(number) } }
  }

  /// Writes what needs no waiting: as much as a pipe has room for. Returns how much that was, none where the host cannot tell.
  public func writeAtOnce(_ bytes: ArraySlice<UInt8>) -> Int {
    guard let number = file.withLock(\.self) else { return 0 }
    return unsafe bytes.withUnsafeBytes { unsafe max(linux_write_at_once(number, $0.baseAddress, UInt($0.count)), 0) }
  }

  /// Writes everything, and waits as long as the other side takes; false if the host refuses it, as a full disk does.
  public func write(_ bytes: ArraySlice<UInt8>) -> Bool {
    // Only one thread writes to a file, so nobody else waits for a reader here.
    let number = file.withLock { file in
      if file == nil {
        let opened = unsafe linux_open(path, O_WRONLY | O_NOCTTY, 0)
        file = opened >= 0 ? opened : nil
      }
      return file
    }
    guard let number else { return false }
    return Descriptor.write(bytes, to: number)
  }
}
