import CLinux
import Glibc

/// A file descriptor that is closed exactly once.
public struct Descriptor: ~Copyable, Sendable {
  public let number: Int32

  public init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// The number, which is the caller's to close from now on.
  consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  /// Opens a path; never waits for the other end of a pipe.
  public static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
    // The host would silently stop at the first NUL.
    guard !path.utf8.contains(0) else { throw SystemError(code: ENOENT) }
    return Descriptor(owning: try SystemError.check(unsafe linux_open(path, flags | O_NONBLOCK | O_NOCTTY, mode)))
  }

  /// A file without a name that lives in memory.
  public static func memory(_ name: String) throws(SystemError) -> Descriptor {
    Descriptor(owning: try SystemError.check(unsafe linux_memfd(name)))
  }

  /// A counter that wakes whoever waits for it to become readable.
  public static func event() throws(SystemError) -> Descriptor {
    Descriptor(owning: try SystemError.check(linux_eventfd()))
  }

  /// Counts one more in an `event`.
  func count() {
    var one: UInt64 = 1
    unsafe Glibc.write(number, &one, 8)
  }

  /// Takes what an `event` has counted; zero if nothing came since the last time.
  public func takeCount() -> UInt64 {
    var count: UInt64 = 0
    return unsafe Glibc.read(number, &count, 8) == 8 ? count : 0
  }

  func kind() throws(SystemError) -> FileKind { FileKind(letter: try SystemError.check(linux_file_kind(number))) }

  func size() throws(SystemError) -> UInt64 { UInt64(try SystemError.check(linux_file_size(number))) }

  func setSize(_ size: UInt64) throws(SystemError) {
    guard let length = Int(exactly: size) else { throw SystemError(code: EFBIG) }
    guard ftruncate(number, length) == 0 else { throw SystemError(code: errno) }
  }

  /// Up to `count` bytes; fewer only at the end of the file.
  func read(_ count: Int, at offset: UInt64) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    try append(count, at: offset, to: &bytes)
    return bytes
  }

  /// The same behind what is there.
  func append(_ count: Int, at offset: UInt64, to bytes: inout [UInt8]) throws(SystemError) {
    guard count > 0, let start = off_t(exactly: offset), start <= off_t.max - off_t(count) else { return }
    var result = 0
    unsafe bytes.append(limit: count) { room in
      unsafe result = linux_read_at(number, room.baseAddress, UInt(count), Int64(start))
      return max(result, 0)
    }
    try SystemError.check(result)
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
    guard let start = off_t(exactly: offset), start <= off_t.max - off_t(bytes.count) else {
      throw SystemError(code: EFBIG)
    }
    try SystemError.check(unsafe bytes.withUnsafeBytes { unsafe linux_write_at(number, $0.baseAddress, UInt($0.count), Int64(start)) })
  }

  /// Writes everything, and waits as long as the other side takes; false if it takes nothing more.
  static func write(_ bytes: ArraySlice<UInt8>, to number: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let n = unsafe rest.withUnsafeBytes { unsafe linux_write(number, $0.baseAddress, UInt($0.count)) }
      if n > 0 {
        rest = rest.dropFirst(n)
      } else if n == -Int(EAGAIN) {
        // Whoever gave us the descriptor asked for this, or it is a pipe that we opened.
        wait(for: POLLOUT, at: number)
      } else {
        return false
      }
    }
    return true
  }

  static func wait(for event: Int32, at number: Int32) {
    var wait = pollfd(fd: number, events: Int16(event), revents: 0)
    unsafe poll(&wait, 1, -1)
  }
}
