internal import CLinux
internal import DeviceModel
internal import Processor

/// A virtual machine of KVM's, as far as interrupts enter it.
struct InterruptEntrance: Sendable {
  let vm: Int32

  /// Replaces all routes.
  func setRoutes(_ routes: [InterruptRoute]) throws(ProcessorError) {
    // struct kvm_irq_routing ends in a flexible array: an 8-byte header, then the entries.
    let headerSize = 8
    let table = UnsafeMutableRawPointer.allocate(
      byteCount: headerSize + routes.count * MemoryLayout<kvm_irq_routing_entry>.stride, alignment: 8)
    defer { unsafe table.deallocate() }
    unsafe table.storeBytes(of: UInt64(routes.count), as: UInt64.self)
    let entries = unsafe (table + headerSize).bindMemory(to: kvm_irq_routing_entry.self, capacity: routes.count)
    for (n, route) in routes.enumerated() { unsafe entries[n] = route.entry }
    try check("KVM_SET_GSI_ROUTING", unsafe linux_ioctl_pointer(vm, linux_KVM_SET_GSI_ROUTING, table))
  }

  /// To the local APICs.
  func send(_ message: MSIMessage) {
    var msi = kvm_msi()
    (msi.address_lo, msi.address_hi) = message.addressHalves
    msi.data = message.data
    // A guest may program nonsense; the kernel refuses it and the interrupt is lost, as on hardware.
    _ = unsafe linux_ioctl_pointer(vm, linux_KVM_SIGNAL_MSI, &msi)
  }
}

extension MSIMessage {
  /// As KVM takes it.
  var addressHalves: (low: UInt32, high: UInt32) {
    (UInt32(truncatingIfNeeded: address), UInt32(truncatingIfNeeded: address >> 32))
  }
}
