internal import Host

/// Whoever works for a device of the board, so that no processor waits for the host.
protocol Station: Sendable {
  /// Is called when the device has work.
  var worker: Worker { get }
  /// Does every request that there is.
  func serve()
  /// What whoever calls may do without waiting for the host, before the worker is woken; it says false if something is left.
  var attempt: (@Sendable () -> Bool)? { get }
  /// Those to whom it leaves a part of the work.
  var helpers: [any Station] { get }
}

extension Station {
  var attempt: (@Sendable () -> Bool)? { nil }
  var helpers: [any Station] { [] }

  /// From now on requests are done.
  ///
  /// - Parameter isImmediate: by whoever calls the worker, so that every request ends where it began; else by a thread, if there
  ///   ever is one.
  func start(isImmediate: Bool) throws(SystemError) {
    for helper in helpers { try helper.start(isImmediate: isImmediate) }
    try worker.start(by: isImmediate ? .callers : .threadWhenCalled, attempt: attempt) { [self] in
      serve()
      return nil
    }
  }

  /// Waits for what is under way, however long: until then it may still change guest RAM.
  func settle() {
    _ = worker.settle()
    for helper in helpers { helper.settle() }
  }

  /// Waits for what is under way, however long, and does nothing more.
  func stop() {
    worker.stop()
    worker.join()
    for helper in helpers { helper.stop() }
  }
}
