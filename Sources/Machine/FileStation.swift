internal import DeviceModel
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Sharing
internal import Virtio

/// The shared file system of the board with whoever answers its messages, so that no processor waits for the host's files.
struct FileStation: Sendable {
  let slot: FunctionSlot<VirtioPCI<VirtioFileSystem>>
  let server: FileServer
  let memory: GuestMemory
  let worker: Worker

  /// From now on messages are answered.
  ///
  /// - Parameter isImmediate: by whoever calls the worker, so that every message ends where it began.
  func start(isImmediate: Bool) throws(SystemError) {
    let work: Worker.Work = { [self] in
      serve()
      return nil
    }
    if isImmediate { worker.startOnCallers(work) } else { try worker.start(work) }
  }

  private func serve() {
    while let request = slot.access({ $0.next(&$1) }) {
      // A longer message is one that no driver sends; what is cut off is no message.
      let message = request.message(upTo: FileServer.messageLimit, from: memory) ?? []
      let written = request.answer(server.answer(message, room: request.room), to: memory)
      slot.access { device, cycle in device.complete(request.token, written: written, &cycle) }
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
