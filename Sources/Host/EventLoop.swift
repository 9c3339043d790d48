import Glibc
import Synchronization

/// Waits until one of several descriptors has something to say. Used by one thread, except for `wake`.
///
/// It polls, because regular files, which standard input may be, are refused by epoll.
public final class EventLoop: Sendable {
  public struct Interest: OptionSet, Sendable {
    public let rawValue: Int16
    public init(rawValue: Int16) { self.rawValue = rawValue }
    public static let readable = Interest(rawValue: Int16(POLLIN))
    public static let writable = Interest(rawValue: Int16(POLLOUT))
  }

  public struct Event: Equatable, Sendable {
    public let descriptor: Int32
    public let isReadable: Bool
    public let isWritable: Bool
    /// The other end is gone.
    public let isClosed: Bool
  }

  private let interests = Mutex<[Int32: Interest]>([:])
  private let bell: Descriptor

  public init() throws(SystemError) { bell = try Descriptor.event() }

  /// Watches a descriptor from the next `wait` on; an empty interest forgets it.
  public func watch(_ descriptor: Int32, for interest: Interest) {
    interests.withLock { $0[descriptor] = interest.isEmpty ? nil : interest }
    wake()
  }

  /// Makes the present or next `wait` return. May be called from any thread.
  public func wake() { bell.count() }

  /// Waits for an event, `wake`, or `milliseconds` (nil: for ever); what it returns may be empty.
  public func wait(milliseconds: Int32? = nil) throws(SystemError) -> [Event] {
    var set = interests.withLock { list in
      list.map { pollfd(fd: $0.key, events: $0.value.rawValue, revents: 0) }
    }
    set.append(pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0))
    let n = unsafe poll(&set, nfds_t(set.count), milliseconds ?? -1)
    if n < 0 {
      guard errno == EINTR else { throw SystemError(code: errno) }
      return []
    }
    if set.removeLast().revents != 0 { _ = bell.takeCount() }
    return set.filter { $0.revents != 0 }.map {
      Event(
        descriptor: $0.fd, isReadable: $0.revents & Int16(POLLIN) != 0, isWritable: $0.revents & Int16(POLLOUT) != 0,
        isClosed: $0.revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0)
    }
  }
}
