internal import Synchronization

/// The way back to a board for what the board itself is wired to. It keeps nothing alive, so that a machine can be
/// released.
final class BoardLink: Sendable {
  private struct Reference: Sendable { weak var board: Board? }

  private let reference = Mutex(Reference())

  var board: Board? { reference.withLock { $0.board } }

  func lead(to board: Board) { reference.withLock { $0.board = board } }
}
