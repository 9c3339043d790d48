internal import Synchronization

/// How often there was each of several things. Whoever asks never waits for what is still being counted.
final class Tally: Sendable {
  private let sums = Mutex<[String: Int]>([:])

  var counts: [String: Int] { sums.withLock { $0 } }

  func add(_ list: [(name: String, count: Int)]) {
    sums.withLock { sums in for entry in list { sums[entry.name, default: 0] &+= entry.count } }
  }
}
