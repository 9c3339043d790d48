/// What a device has handed to whoever works for it: where each answer goes, by the token of the request.
struct InFlight<Place: Sendable>: Sendable {
  /// The most requests that may wait for their answer.
  private let limit: Int
  /// A request's slot is its token modulo the limit; no token comes twice.
  private var slots: [(token: UInt64, place: Place)?] = []
  private var freeSlots: [Int] = []
  private var lastRound: UInt64 = 0

  init(limit: Int) { self.limit = limit }

  private var count: Int { slots.count - freeSlots.count }
  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count >= limit }

  /// Remembers where a request's answer goes; returns its token.
  mutating func add(_ place: Place) -> UInt64 {
    let slot = freeSlots.popLast() ?? slots.count
    if slot == slots.count { slots.append(nil) }
    lastRound &+= 1
    let token = lastRound &* UInt64(limit) &+ UInt64(slot)
    slots[slot] = (token, place)
    return token
  }

  /// The request is answered.
  mutating func remove(_ token: UInt64) -> Place? {
    let slot = Int(token % UInt64(limit))
    guard slot < slots.count, let request = slots[slot], request.token == token else { return nil }
    slots[slot] = nil
    freeSlots.append(slot)
    return request.place
  }

  /// Nobody waits for an answer any more.
  mutating func forgetAll() {
    slots = []
    freeSlots = []
  }
}
