internal import Host

/// What the user has typed and the guest has not taken.
///
/// Whoever puts something in, and whoever sees that the guest has room again, lets it flow; it flows in order, by one of
/// them at a time, and nobody waits for the guest.
final class InputQueue: Sendable {
  private struct State: Sendable {
    var keys: [UInt8] = []
    var isFlowing = false
    /// More was put in, or room was made, while it was flowing.
    var isCalled = false
    /// Nobody takes anything any more.
    var isClosed = false
  }

  static let limit = 1 << 16
  /// How much is offered at once.
  private let portion: Int
  private let state = Monitor(State())

  init(portion: Int) { self.portion = portion }

  var isEmpty: Bool { state.update { $0.keys.isEmpty } }

  /// Takes what there is room for, and forgets the rest.
  func put(_ keys: [UInt8]) { state.update { $0.keys += keys.prefix(Self.limit - $0.keys.count) } }

  /// Waits until there is room, or until the queue is closed.
  func waitForRoom() { _ = state.wait { $0.isClosed || $0.keys.count < Self.limit / 2 ? true : nil } }

  var isClosed: Bool { state.update { $0.isClosed } }

  func close() { state.update { $0.isClosed = true } }

  /// The guest may have room.
  ///
  /// - Parameter offer: says how many keys the guest takes now. What it does not take it wants when it has room.
  func flow(to offer: ([UInt8]) -> Int) {
    let isFirst = state.update { state in
      guard !state.keys.isEmpty else { return false }
      defer { state.isFlowing = true }
      state.isCalled = true
      return !state.isFlowing
    }
    guard isFirst else { return }
    while let keys = next() {
      let taken = offer(keys)
      state.update { state in
        state.keys.removeFirst(taken)
        if taken == keys.count { state.isCalled = true }
      }
    }
  }

  private func next() -> [UInt8]? {
    state.update { state in
      state.isFlowing = state.isCalled && !state.keys.isEmpty
      state.isCalled = false
      return state.isFlowing ? Array(state.keys.prefix(portion)) : nil
    }
  }
}
