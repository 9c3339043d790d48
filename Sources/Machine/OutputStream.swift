internal import Host

/// A stream of guest bytes to the host that never makes a processor wait.
///
/// Bytes queue up to a limit and a thread of its own writes them; what does not fit is dropped and counted.
final class OutputStream: Sendable {
  private struct State: Sendable {
    var bytes: [UInt8] = []
    var dropped = 0
    var isWriting = false
    var isBroken = false
  }

  static let limit = 1 << 20
  private let state = Monitor(State())
  private let write: @Sendable ([UInt8]) -> Bool

  init(name: String, _ write: @escaping @Sendable ([UInt8]) -> Bool) throws(SystemError) {
    self.write = write
    let state = self.state
    _ = try HostThread(name: name) {
      while true {
        let chunk = state.wait { state -> [UInt8]? in
          guard !state.bytes.isEmpty else { return nil }
          state.isWriting = true
          defer { state.bytes.removeAll(keepingCapacity: state.bytes.count < 1 << 12) }
          return state.bytes
        }
        guard let chunk else { continue }
        let delivered = write(chunk)
        state.update {
          $0.isWriting = false
          if !delivered { $0.isBroken = true }
        }
      }
    }
  }

  /// The stream the user asked for; nil for none.
  static func open(_ stream: Configuration.Stream, name: String) throws -> OutputStream? {
    switch stream {
    case .none: return nil
    case .standard, .plain: return try OutputStream(name: name) { Terminal.write($0) }
    case .file(let path):
      let file = try OutputFile(path: path)
      return try OutputStream(name: name) { file.write($0) }
    }
  }

  /// All or nothing: half a line helps nobody.
  func put(_ bytes: [UInt8]) {
    state.update { state in
      if !state.isBroken, state.bytes.count + bytes.count <= Self.limit {
        state.bytes += bytes
      } else {
        state.dropped += bytes.count
      }
    }
  }

  func put(_ byte: UInt8) { put([byte]) }

  /// Waits until all is written, but not for ever: a reader may have gone to sleep. Returns how many bytes were dropped.
  @discardableResult
  func drain(milliseconds: UInt64 = 500) -> Int {
    let end = HostClock.nanoseconds() + milliseconds * 1_000_000
    _ = state.wait(until: { _ in end }) { state -> Bool? in
      state.isBroken || (state.bytes.isEmpty && !state.isWriting) ? true : nil
    }
    return state.update { $0.dropped }
  }
}
