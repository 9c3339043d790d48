internal import Host
internal import Synchronization

/// The serial console between the guest and the user.
final class Console: Sendable {
  private struct State: Sendable {
    var watch = PanicWatch()
    /// Set where the user wants no escape sequences.
    var filter: PlainText?
    /// The newest bytes, for a user who did not see them pass.
    var tail: [UInt8] = []
  }

  static let tailLimit = 4096
  /// The most characters of a line that are shown at the end.
  private static let lineLimit = 200
  /// Ctrl-a.
  static let escape: UInt8 = 1

  private let output: OutputStream?
  private let state = Mutex(State())
  let isInteractive: Bool

  init(_ stream: Configuration.Stream) throws {
    output = try OutputStream.open(stream, name: "console")
    isInteractive = stream == .standard || stream == .plain
    if stream == .plain { state.withLock { $0.filter = PlainText() } }
  }

  /// A byte from the guest. True if it completes the last words of a kernel.
  func put(_ byte: UInt8) -> Bool {
    state.withLock { state in
      output?.put(state.filter?.filter(byte) ?? [byte])
      state.tail.append(byte)
      if state.tail.count >= 2 * Self.tailLimit { state.tail.removeFirst(Self.tailLimit) }
      return state.watch.sees(byte)
    }
  }

  /// The last lines, where the user has not seen them on the terminal.
  func unseenTail(lines count: Int) -> [String] {
    guard !isInteractive else { return [] }
    let tail = state.withLock { $0.tail }
    return String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(count).map { String($0.suffix(Self.lineLimit)) }
  }

  func drain() {
    let dropped = output?.drain() ?? 0
    if dropped > 0 { _ = output?.put(Array("\n[swboot: \(dropped) bytes of console output were dropped]\n".utf8)) }
  }

  /// Keys go to the guest from now on.
  func connect(to machine: Machine) {
    guard isInteractive else { return }
    do throws(SystemError) {
      _ = try HostThread(name: "keyboard") { Self.pass(to: machine) }
    } catch {
      machine.end(.failed("a thread for the keyboard cannot be made (\(error))"))
    }
  }

  private static func pass(to machine: Machine) {
    var isEscaped = false
    while let keys = Terminal.read() {
      for key in keys {
        switch (isEscaped, key) {
        case (true, UInt8(ascii: "x")):
          machine.end(.quit)
          return
        case (true, escape):
          isEscaped = false
          machine.type(key)
        case (true, _):
          isEscaped = false
          machine.type(escape)
          machine.type(key)
        case (false, escape) where Terminal.isRaw: isEscaped = true
        default: machine.type(key)
        }
      }
    }
  }
}
