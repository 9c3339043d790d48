/// A stream of bytes to the host that never makes whoever writes wait.
///
/// What the host takes at once, whoever says it hands to the host. All else queues up to a limit and a thread of its own writes it, which
/// may take for ever: a full pipe, a terminal that stands still, a file system that is gone. What does not fit is dropped and counted.
/// Several voices may share a stream: each of their lines stays whole.
public final class OutputStream: Sendable {
  private struct State: Sendable {
    var bytes: [UInt8] = []
    var mixer = LineMixer()
    /// How many bytes the host has taken, to see whether a slow reader reads at all.
    var written = 0
    var dropped = 0
    var isWriting = false
    var isBroken = false
    /// Somebody will look at the queue without being called.
    var isAwake = false
    /// Until when the host is left alone.
    var restEnd: UInt64 = 0
    /// Somebody waits until all is written: from now on the host is not left alone.
    var isDrained = false

    mutating func queue(_ new: [UInt8]) {
      guard !new.isEmpty else { return }
      // All or nothing: half a line helps nobody.
      if !isBroken, bytes.count + new.count <= OutputStream.limit { bytes += new } else { dropped += new.count }
    }

    /// All that the host is to get now. The caller writes it.
    mutating func take() -> [UInt8] {
      defer { bytes.removeAll(keepingCapacity: bytes.count < 1 << 12) }
      isWriting = !bytes.isEmpty
      return bytes
    }
  }

  static let limit = 1 << 20
  /// The most that is handed to the host at once, so that a slow reader can be told from one that is gone.
  private static let chunk = 1 << 16
  /// How long the host is left alone after it was handed something: a guest says what it has to say byte by byte.
  public static let rest: UInt64 = 1_000_000
  /// How long to wait for a reader that takes nothing.
  public static let patience: UInt64 = 500_000_000

  private let state = Monitor(State())
  private let worker: Worker
  /// What the stream is called in messages.
  public let name: String

  /// - Parameters:
  ///   - writeAtOnce: hands bytes to the host if that needs no waiting; how many it has taken.
  ///   - write: hands bytes to the host; false if nobody takes them any more.
  public init(
    name: String, rest: UInt64 = OutputStream.rest, atOnce writeAtOnce: @escaping @Sendable (ArraySlice<UInt8>) -> Int = { _ in 0 },
    _ write: @escaping @Sendable (ArraySlice<UInt8>) -> Bool
  ) throws(SystemError) {
    self.name = name
    worker = Worker(name: name)
    try worker.start(by: .threadWhenCalled, attempt: { [state] in Self.deliverAtOnce(state, rest, writeAtOnce) }) { [state] in Self.deliver(state, rest, write) }
  }

  public convenience init(name: String, to file: OutputFile) throws(SystemError) {
    try self.init(name: name, atOnce: { file.writeAtOnce($0) }) { file.write($0) }
  }

  /// Whoever wants what is still queued to arrive drains the stream first.
  deinit { worker.end(within: Self.patience) }

  /// Writes what is queued as far as that needs no waiting. False if something is left for the thread.
  private static func deliverAtOnce(_ state: Monitor<State>, _ rest: UInt64, _ write: (ArraySlice<UInt8>) -> Int) -> Bool {
    let now = HostClock.nanoseconds()
    let taken = state.adjust { state in now >= state.restEnd || state.isDrained ? state.take() : [] }
    let count = taken.isEmpty ? 0 : write(taken[...])
    return state.update { state in
      state.bytes.replaceSubrange(0..<0, with: taken[count...])
      state.written += count
      state.isWriting = false
      if count > 0 { state.restEnd = now &+ rest }
      state.isAwake = !state.bytes.isEmpty || state.mixer.deadline != nil
      return !state.isAwake
    }
  }

  /// Writes all there is; returns when held-back lines are due.
  private static func deliver(_ state: Monitor<State>, _ rest: UInt64, _ write: (ArraySlice<UInt8>) -> Bool) -> UInt64? {
    while true {
      _ = state.wait(until: { $0.restEnd }) { $0.isDrained ? true : nil }
      let taken = state.update { state -> [UInt8] in
        if state.mixer.deadline != nil { state.queue(state.mixer.advance(to: HostClock.nanoseconds())) }
        defer { state.isAwake = state.isWriting }
        return state.take()
      }
      guard !taken.isEmpty else { return state.update { $0.mixer.deadline } }
      var left = taken[...]
      while !left.isEmpty {
        let part = left.prefix(chunk)
        let isDelivered = write(part)
        left = isDelivered ? left.dropFirst(part.count) : []
        state.update { state in
          if isDelivered { state.written += part.count } else { state.isBroken = true }
          state.isWriting = !left.isEmpty
          state.restEnd = HostClock.nanoseconds() &+ rest
        }
      }
    }
  }

  /// One more speaker on this stream.
  public func voice() -> Voice { Voice(stream: self, number: state.update { $0.mixer.addVoice() }) }

  /// Who speaks on a stream.
  public struct Voice: Sendable {
    public let stream: OutputStream
    fileprivate let number: Int

    public func put(_ bytes: [UInt8]) { stream.put(bytes, of: number) }
    public func put(_ byte: UInt8) { stream.put([byte], of: number) }
  }

  private func put(_ bytes: [UInt8], of voice: Int) {
    let mustCall = state.adjust { state in
      state.queue(state.mixer.put(bytes, of: voice, at: HostClock.nanoseconds()))
      defer { state.isAwake = true }
      return !state.isAwake
    }
    if mustCall { worker.call() }
  }

  /// Waits until all is written, as long as the reader takes something within each such time, and until a moment of
  /// `HostClock.nanoseconds` at most. False if it was not.
  @discardableResult
  public func drain(patience: UInt64 = OutputStream.patience, until limit: UInt64 = .max) -> Bool {
    state.update { state in
      state.queue(state.mixer.finish())
      state.isDrained = true
    }
    worker.call()
    while true {
      let seen = state.update { $0.written }
      let end = min(HostClock.nanoseconds() + patience, limit)
      let isDelivered = state.wait(until: { _ in end }) { state -> Bool? in
        if state.isBroken { return false }
        if state.bytes.isEmpty, !state.isWriting { return true }
        return state.written == seen ? nil : false
      }
      guard isDelivered == false, !state.update({ $0.isBroken }) else { return isDelivered ?? false }
    }
  }

  /// How many bytes nobody has taken so far, or will take.
  public var lostCount: Int { state.update { $0.dropped + $0.bytes.count } }
}
