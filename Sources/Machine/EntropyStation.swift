internal import Host
internal import PCI
internal import PCIBus
internal import Virtio

/// Gives the guest random bytes. The device's lock is free while the host makes them.
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
