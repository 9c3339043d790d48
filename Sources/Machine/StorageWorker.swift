internal import DeviceModel
internal import Host
internal import PCI
internal import Synchronization
internal import Virtio

/// Does a disk's requests on a thread of its own, so that no processor waits for the host's storage.
final class StorageWorker: Sendable {
  private let service: DiskService
  /// Nil: whoever wakes it does its work.
  private let worker: Worker?
  private let isWorking = Mutex(false)

  /// - Parameter isImmediate: whoever wakes the worker does its work, so that every request ends where it began.
  init(_ service: DiskService, isImmediate: Bool = false) throws(SystemError) {
    self.service = service
    guard !isImmediate else {
      worker = nil
      return
    }
    worker = try Worker(name: service.slot.placement.name) {
      service.serve()
      return nil
    }
  }

  func wake() {
    if let worker { return worker.call() }
    // What is woken by its own work goes on with it.
    let isFirst = isWorking.withLock { isWorking in
      defer { isWorking = true }
      return !isWorking
    }
    guard isFirst else { return }
    service.serve()
    isWorking.withLock { $0 = false }
  }

  /// Waits for what is under way, however long: until then it may still change guest RAM.
  func settle() { _ = worker?.settle() }

  /// Makes everything durable, as a machine does that loses its power in order; says what went wrong.
  func close() -> String? {
    settle()
    return service.flush()
  }
}
