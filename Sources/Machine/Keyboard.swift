internal import Host

/// The user's keyboard: a thread that only reads keys, so that the escape key works however the guest is.
struct Keyboard: Sendable {
  private let input: InputQueue
  private let loop: EventLoop
  private let worker = Worker(name: "keyboard")
  private let typed: @Sendable () -> Void
  private let ended: @Sendable () -> Void
  private let quit: @Sendable () -> Void

  /// - Parameters:
  ///   - typed: called when there is something new in the queue.
  ///   - ended: called when nothing more comes.
  ///   - quit: called when the user wants the run to end.
  init(
    _ input: InputQueue, typed: @escaping @Sendable () -> Void, ended: @escaping @Sendable () -> Void = {}, quit: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    self.input = input
    loop = try EventLoop()
    self.typed = typed
    self.ended = ended
    self.quit = quit
  }

  /// Keys go to the guest from now on, until the input ends or `stop`.
  func start() throws(SystemError) {
    try worker.start { [self] in
      read()
      return nil
    }
    worker.call()
  }

  func stop() {
    input.close()
    loop.wake()
    worker.end()
  }

  private func read() {
    var escape = EscapeKey()
    loop.watch(Terminal.input, for: .readable)
    while !input.isClosed, let events = try? loop.wait() {
      guard !events.isEmpty else { continue }
      guard let keys = Terminal.read() else { return ended() }
      guard Terminal.isRaw else {
        // Whoever writes to a pipe can wait; nobody types there.
        input.put(keys)
        typed()
        input.waitForRoom()
        continue
      }
      guard let keys = escape.filter(keys) else { return quit() }
      input.put(keys)
      typed()
    }
  }
}
