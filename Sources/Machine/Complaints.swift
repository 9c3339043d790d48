internal import Host
internal import Primitives
internal import Synchronization

/// Tells the user what the guest's drivers do wrong, without letting the guest fill a log or wait for its reader.
final class Complaints: Sendable {
  private struct State: Sendable {
    var budget = LineBudget()
    /// Exists from the first complaint on.
    var output: OutputStream?
  }

  private let state = Mutex(State())

  func take(_ complaint: String, of device: String, at now: Instant) {
    state.withLock { state in
      let lines = state.budget.lines(complaint, of: device, at: now)
      if state.output == nil { state.output = try? OutputStream(name: "complaints", Self.write) }
      for line in lines { state.output?.put(Array("swboot: \(line)\n".utf8)) }
    }
  }

  /// Everything is written, and what was left out is told.
  func close() {
    state.withLock { state in
      for line in state.budget.remainder() { state.output?.put(Array("swboot: \(line)\n".utf8)) }
      state.output?.drain()
    }
  }

  private static func write(_ bytes: [UInt8]) -> Bool {
    Program.say(String(decoding: bytes.dropLast(), as: UTF8.self))
    return true
  }
}
