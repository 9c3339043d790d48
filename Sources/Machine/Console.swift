internal import Host
internal import Reports
internal import Synchronization

/// The serial console between the guest and the user.
final class Console: Sendable {
  private struct State: Sendable {
    var watch = PanicWatch()
    var log = KernelLog()
    /// Set where the user wants no escape sequences.
    var filter: PlainText?
    /// The newest bytes, for a user who did not see them pass.
    var tail: [UInt8] = []
    var hasSpoken = false
  }

  static let tailLimit = 8192

  let output: OutputStream.Voice?
  private let state = Mutex(State())
  /// Whether the user's keys are for it.
  let isInteractive: Bool
  private let isShown: Bool

  init(_ wish: Configuration.Stream, _ output: OutputStream.Voice?) {
    self.output = output
    isInteractive = wish == .standard || wish == .plain
    isShown = isInteractive || wish == .errors
    if wish == .plain || wish == .errors { state.withLock { $0.filter = PlainText() } }
  }

  /// A byte from the guest. True if it completes the last words of a kernel.
  func put(_ byte: UInt8) -> Bool {
    state.withLock { state in
      output?.put(state.filter?.filter(byte) ?? [byte])
      state.tail.append(byte)
      state.hasSpoken = true
      state.log.put(byte)
      if state.tail.count >= 2 * Self.tailLimit { state.tail.removeFirst(Self.tailLimit) }
      return state.watch.sees(byte)
    }
  }

  /// Whether the guest has said anything since this was last asked.
  func hasSpoken() -> Bool {
    state.withLock { state in
      defer { state.hasSpoken = false }
      return state.hasSpoken
    }
  }

  /// What the guest's kernel has said of itself.
  var log: KernelLog { state.withLock { $0.log } }

  /// What a console has heard.
  struct Words: Sendable {
    var log = KernelLog()
    fileprivate var tail: [UInt8] = []
    /// Whether the user has seen them on the terminal.
    fileprivate var isShown = false
  }

  /// What was heard so far.
  ///
  /// - Parameter mayWait: also for a processor that is held inside the console. Without it, there may be nothing.
  func words(mayWait: Bool) -> Words {
    guard let now = mayWait ? state.withLock({ $0 }) : state.withLockIfAvailable({ $0 }) else { return Words() }
    return Words(log: now.log, tail: now.tail, isShown: isShown)
  }
}

extension Console.Words {
  /// The most characters of a line that are shown at the end.
  private static let lineLimit = 200

  /// The last lines, where the user has not seen them on the terminal.
  func unseenTail(lines count: Int) -> [String] { isShown ? [] : tail(lines: count) }

  /// The last lines, without what a terminal would obey.
  func tail(lines count: Int) -> [String] {
    var filter = PlainText()
    let plain = tail.flatMap { filter.filter($0) }
    return String(decoding: plain, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(count).map { String($0.suffix(Self.lineLimit)) }
  }
}
