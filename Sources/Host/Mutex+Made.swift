public import Synchronization

/// For what most runs never look at, or what costs the host time: it is made when somebody needs it, and kept. Others wait for it meanwhile.
///
/// No type of its own, which would be a generic one: the Swift runtime needs long to make such a type, and would at every start.
extension Mutex {
  @inlinable public func made<Made: Sendable, Failure>(by make: () throws(Failure) -> Made) throws(Failure) -> Made where Value == Made? {
    try withLock { made throws(Failure) in
      if let made { return made }
      let new = try make()
      made = new
      return new
    }
  }
}
