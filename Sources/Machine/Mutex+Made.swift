internal import Synchronization

/// For what most runs never look at: it is made when somebody does, and kept.
///
/// No type of its own, which would be a generic one: the Swift runtime needs long to make such a type, and would at every start.
extension Mutex {
  func made<Made: Sendable, Failure>(by make: () throws(Failure) -> Made) throws(Failure) -> Made where Value == Made? {
    try withLock { made throws(Failure) in
      let value = if let made { made } else { try make() }
      made = value
      return value
    }
  }
}
