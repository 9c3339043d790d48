import Glibc

/// A program whose output is read, and answered, while it runs.
public final class Conversation {
  private let child: pid_t
  private let keyboard: Int32
  private let screen: Int32
  private var status: Int32?
  private var output: [UInt8] = []
  private var position = 0

  /// Nil if the program cannot be run.
  ///
  /// - Parameter terminal: where its keys come from, if not from `say`.
  public init?(_ program: String, _ arguments: [String], at terminal: PseudoTerminal? = nil) {
    guard let input = ChildProcess.pipe(), let output = ChildProcess.pipe() else { return nil }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, terminal?.descriptor ?? input.read, 0)
    for number in [1, 2] as [Int32] { unsafe posix_spawn_file_actions_adddup2(&actions, output.write, number) }
    guard let child = unsafe ChildProcess.start(program, arguments, &actions) else { return nil }
    self.child = child
    (keyboard, screen) = (input.write, output.read)
    close(input.read)
    close(output.write)
  }

  deinit {
    end()
    close(keyboard)
    close(screen)
  }

  /// Waits until it has said this after what it was last heard to say; false if it ends without.
  public func hears(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    while true {
      if let end = find(wanted) {
        position = end
        return true
      }
      var chunk = [UInt8](repeating: 0, count: 65536)
      let count = unsafe read(screen, &chunk, chunk.count)
      guard count > 0 else { return false }
      output += chunk.prefix(count)
    }
  }

  /// Waits until it has said all this, in any order; false if it ends without.
  public func hears(all texts: [String]) -> Bool {
    texts.allSatisfy { text in
      position = 0
      return hears(text)
    }
  }

  private func find(_ wanted: [UInt8]) -> Int? {
    var start = position
    while start + wanted.count <= output.count {
      if output[start..<start + wanted.count].elementsEqual(wanted) { return start + wanted.count }
      start += 1
    }
    return nil
  }

  public func say(_ text: String) { unsafe _ = write(keyboard, text, text.utf8.count) }

  /// Its exit status, or 128 and the signal, once it has ended by itself; everything it says until then is heard.
  public func finish() -> Int32 {
    _ = hears("\u{0}an end that nobody says")
    return wait()
  }

  /// Sends it a signal.
  public func send(signal: Int32) { kill(child, signal) }

  /// Holds its thread with this name, as if that waited for the host without end.
  public func hold(thread name: String) -> HeldThread? { HeldThread(name, of: child) }

  /// Ends it.
  public func end() {
    guard status == nil else { return }
    kill(child, SIGTERM)
    _ = wait()
  }

  private func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    unsafe _ = waitpid(child, &raw, 0)
    let result = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F
    status = result
    return result
  }

  /// What it has said so far.
  public var text: String { String(decoding: output, as: UTF8.self) }
}
