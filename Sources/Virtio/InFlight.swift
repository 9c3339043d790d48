/// What a device has handed to whoever works for it: where each answer goes, by the token of the request.
struct InFlight<Place: Sendable>: Sendable {
  /// The most requests that may wait for their answer.
  private let limit: Int
  private var places: [UInt64: Place] = [:]
  private var lastToken: UInt64 = 0

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { places.isEmpty }
  var isFull: Bool { places.count >= limit }

  /// Remembers where a request's answer goes; returns its token.
  mutating func add(_ place: Place) -> UInt64 {
    lastToken &+= 1
    places[lastToken] = place
    return lastToken
  }

  /// The request is answered.
  mutating func remove(_ token: UInt64) -> Place? { places.removeValue(forKey: token) }

  /// Nobody waits for an answer any more.
  mutating func forgetAll() { places = [:] }
}
