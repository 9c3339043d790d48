internal import CLinux
internal import Glibc
internal import Processor

/// What CPUID tells the guest: what KVM supports on this host, with our topology.
extension KVMProcessor {
  func setIdentification() throws(ProcessorError) {
    // struct kvm_cpuid2 ends in a flexible array: an 8-byte header, then 40 bytes an entry.
    let most = 256
    let size = 8 + most * MemoryLayout<kvm_cpuid_entry2>.stride
    let table = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    defer { unsafe table.deallocate() }
    unsafe memset(table, 0, size)
    unsafe table.storeBytes(of: UInt32(most), as: UInt32.self)
    try backend.check(
      "KVM_GET_SUPPORTED_CPUID",
      unsafe linux_ioctl_pointer(backend.kvm.descriptor, linux_KVM_GET_SUPPORTED_CPUID, table))
    let count = unsafe min(Int(table.load(as: UInt32.self)), most)
    let entries = unsafe (table + 8).bindMemory(to: kvm_cpuid_entry2.self, capacity: most)
    for i in 0..<count { unsafe adjust(&entries[i]) }
    try backend.check("KVM_SET_CPUID2", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_CPUID2, table))
  }

  private func adjust(_ entry: inout kvm_cpuid_entry2) {
    let id = UInt32(index)
    let count = UInt32(backend.processorCount)
    switch entry.function {
    case 1:
      // Initial APIC id, logical processors in this package, and "runs under a hypervisor".
      entry.ebx = entry.ebx & 0x0000_FFFF | id << 24 | min(count, 255) << 16
      entry.ecx |= 1 << 31
      entry.edx = count > 1 ? entry.edx | 1 << 28 : entry.edx & ~(1 << 28)
      // A software KVM offers cmpxchg16b but cannot emulate it.
      if case .software = KVM.classify() { entry.ecx &= ~(1 << 13) }
    case 4:
      // Every cache is private to one core, and the package has `count` cores.
      entry.eax = entry.eax & 0x3FFF | (min(count, 64) - 1) << 26
    case 0xB, 0x1F:
      // One thread a core, all cores in one package.
      let bits = count > 1 ? UInt32(32 - (count - 1).leadingZeroBitCount) : 0
      entry.edx = id
      switch entry.index {
      case 0: (entry.eax, entry.ebx, entry.ecx) = (0, 1, 1 << 8)
      case 1: (entry.eax, entry.ebx, entry.ecx) = (bits, count, 2 << 8 | 1)
      default: (entry.eax, entry.ebx, entry.ecx) = (0, 0, entry.index & 0xFF)
      }
    default: break
    }
  }
}
