internal import Primitives
internal import Synchronization

/// How often the guest has reached each device.
final class AccessCounts: Sendable {
  private final class Count: AccessWatcher {
    let number = Atomic<Int>(0)
    func sees(_ verb: AccessVerb, _ width: AccessWidth, _ space: AccessSpace, at offset: Int, _ value: UInt64) {
      number.add(1, ordering: .relaxed)
    }
  }

  private let counts = Mutex<[String: Count]>([:])

  /// What counts for a device; a machine that begins anew goes on counting.
  func watcher(of device: String) -> any AccessWatcher {
    counts.withLock { counts in
      if let count = counts[device] { return count }
      let count = Count()
      counts[device] = count
      return count
    }
  }

  var sum: Int { counts.withLock { $0.values.reduce(0) { $0 &+ $1.number.load(ordering: .relaxed) } } }

  /// Those devices that the guest has reached, by their names in order.
  var list: [(device: String, count: Int)] {
    counts.withLock { $0.map { ($0.key, $0.value.number.load(ordering: .relaxed)) } }.filter { $0.1 > 0 }.sorted { $0.0 < $1.0 }
  }
}
