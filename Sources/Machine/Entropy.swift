internal import Host
internal import Synchronization

/// Where all that is random in the machine comes from: the host, or a seed that makes every run the same.
final class Entropy: Sendable {
  private let isSeeded: Bool
  private let state: Mutex<UInt64>

  init(seed: UInt64?) {
    isSeeded = seed != nil
    state = Mutex(seed ?? 0)
  }

  func next() -> UInt64 {
    guard isSeeded else { return .random(in: 0 ... .max) }
    // A counter in steps of the golden ratio, each step mixed until no bit tells of its neighbours.
    return state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }
  }

  func bytes(_ count: Int) throws -> [UInt8] {
    guard isSeeded else { return try HostRandom.bytes(count) }
    var result: [UInt8] = []
    while result.count < count {
      let word = next()
      for shift in 0..<min(8, count - result.count) { result.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
    }
    return result
  }
}
