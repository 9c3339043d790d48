internal import Host

/// The user's keyboard: a thread that only reads keys, so that the escape key works however the guest is.
enum Keyboard {
  /// Keys go to the guest from now on.
  ///
  /// - Parameters:
  ///   - typed: called when there is something new in the queue.
  ///   - quit: called when the user wants the run to end.
  static func connect(
    to input: InputQueue, typed: @escaping @Sendable () -> Void, quit: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    _ = try HostThread(name: "keyboard") {
      var escape = EscapeKey()
      while let keys = Terminal.read() {
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
}
