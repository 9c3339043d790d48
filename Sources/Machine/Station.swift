internal import Host

/// Whoever works for a device of the board, so that no processor waits for the host.
protocol Station: Sendable {
  /// Is called when the device has work.
  var worker: Worker { get }
  /// Does every request that there is.
  func serve()
  /// What whoever calls may do without waiting for the host, before the worker is woken; it says false if something is left.
  var attempt: (@Sendable () -> Bool)? { get }
}

extension Station {
  var attempt: (@Sendable () -> Bool)? { nil }

  /// From now on requests are done.
  ///
  /// - Parameter isImmediate: by whoever calls the worker, so that every request ends where it began.
  func start(isImmediate: Bool) throws(SystemError) {
    try worker.start(onCallers: isImmediate, attempt: attempt) { [self] in
      serve()
      return nil
    }
  }

  /// Waits for what is under way, however long: until then it may still change guest RAM.
  func settle() { _ = worker.settle() }

  /// Waits for what is under way, however long, and does nothing more.
  func stop() {
    worker.stop()
    worker.join()
  }
}
