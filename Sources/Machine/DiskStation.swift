internal import Host

/// A disk of the board with whoever does its requests, so that no processor waits for the host's storage.
struct DiskStation: Sendable {
  private let service: DiskService
  private let worker: Worker

  /// - Parameter worker: is called when the device has work.
  init(_ service: DiskService, worker: Worker) {
    self.service = service
    self.worker = worker
  }

  /// From now on requests are done.
  ///
  /// - Parameter isImmediate: by whoever calls the worker, so that every request ends where it began.
  func start(isImmediate: Bool) throws(SystemError) {
    let work: Worker.Work = { [service] in
      service.serve()
      return nil
    }
    if isImmediate { worker.startOnCallers(work) } else { try worker.start(work) }
  }

  /// Waits for what is under way, however long: until then it may still change guest RAM.
  func settle() { _ = worker.settle() }

  /// Makes everything durable, as a machine does that loses its power in order; says what went wrong.
  func close() -> String? {
    settle()
    return service.flush()
  }

  /// Waits for what is under way, however long, and does nothing more.
  func stop() {
    worker.stop()
    worker.join()
  }
}
