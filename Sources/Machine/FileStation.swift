internal import DeviceModel
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Sharing
internal import Virtio

/// The shared file system of the board: answers the guest's messages, with whatever waiting for the host that takes.
struct FileStation: Station {
  let slot: FunctionSlot<VirtioPCI<VirtioFileSystem>>
  let server: FileServer
  let memory: GuestMemory
  let worker: Worker

  func serve() {
    while let request = slot.access({ $0.next(&$1) }) {
      // No driver sends a longer message; one that is cut off is answered with an error.
      let message = request.message(upTo: FileServer.messageLimit, from: memory) ?? []
      let written = request.answer(server.answer(message, room: request.room), to: memory)
      slot.access { device, cycle in device.complete(request.token, written: written, &cycle) }
    }
  }
}
