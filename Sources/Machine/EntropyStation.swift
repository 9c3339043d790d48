internal import Host
internal import PCI
internal import PCIBus
internal import Virtio

/// Random bytes for the guest, without the device's lock.
struct EntropyStation: Station {
  let slot: FunctionSlot<VirtioPCI<VirtioEntropy>>
  let entropy: Entropy
  let worker: Worker

  func serve() {
    while let request = slot.access({ $0.next(&$1) }) {
      let bytes = (try? entropy.bytes(request.count)) ?? []
      slot.access { device, cycle in device.complete(request, with: bytes, &cycle) }
    }
  }
}
