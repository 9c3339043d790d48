internal import Devices
internal import Host
internal import Synchronization
internal import SystemBus

/// Gives firmware the items of the board. The device's lock is free while a file of the host is read.
final class FirmwareStation: Station {
  private let slot: Slot<FirmwareConfig>
  private let shelf: Mutex<FirmwareShelf>
  let worker: Worker

  init(slot: Slot<FirmwareConfig>, shelf: FirmwareShelf, worker: Worker) {
    self.slot = slot
    self.shelf = Mutex(shelf)
    self.worker = worker
  }

  func serve() {
    while let request = slot.access({ device, _ in device.request }) {
      let bytes = shelf.withLock { $0 }.bytes(request)
      slot.access { device, cycle in device.complete(request, with: bytes, &cycle) }
    }
  }

  /// A file has other bytes from now on, if it has as many.
  func replace(_ file: String, with bytes: [UInt8]) {
    guard shelf.withLock({ $0.replace(file, with: bytes) }) else { return }
    slot.access { device, cycle in device.itemsChanged(&cycle) }
  }
}
