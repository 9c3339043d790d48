internal import Host
internal import PCIBus
internal import Synchronization
internal import Virtio

/// Has the host store for good what a guest wrote to a disk, while others read and write: the host may take long for it.
final class FlushStation: Station {
  let worker: Worker
  private let slot: FunctionSlot<VirtioPCI<VirtioBlock>>
  private let disk: DiskFile
  private let asked = Mutex<[BlockRequest]>([])

  init(slot: FunctionSlot<VirtioPCI<VirtioBlock>>, disk: DiskFile, worker: Worker) {
    self.slot = slot
    self.disk = disk
    self.worker = worker
  }

  /// Whatever is to be stored is written by now.
  func ask(_ flushes: ArraySlice<BlockRequest>) {
    asked.withLock { $0 += flushes }
    worker.call()
  }

  /// What was asked for meanwhile is done as one.
  func serve() {
    while true {
      let flushes = asked.withLock { asked in
        defer { asked = [] }
        return asked
      }
      guard !flushes.isEmpty else { return }
      let flaw = flaw()
      slot.access { device, cycle in device.complete(flushes.map { BlockAnswer(to: $0, flaw: flaw) }, &cycle) }
    }
  }

  private func flaw() -> String? {
    do throws(DiskError) { try disk.flush() } catch { return disk.flaw("\(error)") }
    return nil
  }
}
