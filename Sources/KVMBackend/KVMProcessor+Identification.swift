internal import CLinux
internal import Processor

/// Gives KVM the answers of CPUID.
extension KVMProcessor {
  // struct kvm_cpuid2 ends in a flexible array: an 8-byte header, then the entries.
  private static let mostLeaves = 256
  private static let headerSize = 8

  func setIdentification() throws(ProcessorError) {
    let size = Self.headerSize + Self.mostLeaves * MemoryLayout<kvm_cpuid_entry2>.stride
    let table = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    defer { unsafe table.deallocate() }
    unsafe table.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    unsafe table.storeBytes(of: UInt32(Self.mostLeaves), as: UInt32.self)
    try check(
      "KVM_GET_SUPPORTED_CPUID",
      unsafe linux_ioctl_pointer(backend.kvm.descriptor, linux_KVM_GET_SUPPORTED_CPUID, table))
    let count = unsafe min(Int(table.load(as: UInt32.self)), Self.mostLeaves)
    let entries = unsafe (table + Self.headerSize).bindMemory(to: kvm_cpuid_entry2.self, capacity: Self.mostLeaves)

    let identification = Identification(
      processor: UInt32(index), processorCount: UInt32(backend.processorCount),
      hasDeadlineTimer: backend.kvm.has(KVM_CAP_TSC_DEADLINE_TIMER) > 0, lacksPairExchange: backend.kvm.isSoftware,
      name: Self.hostName)
    let leaves = identification.leaves(from: (0..<count).map { unsafe CPUIDLeaf(entries[$0]) }).prefix(Self.mostLeaves)
    for (n, leaf) in leaves.enumerated() { unsafe entries[n] = kvm_cpuid_entry2(leaf) }
    unsafe table.storeBytes(of: UInt32(leaves.count), as: UInt32.self)
    try check("KVM_SET_CPUID2", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_CPUID2, table))
  }
}

extension KVMProcessor {
  private static var hostName: [UInt32] {
    var name = [UInt32](repeating: 0, count: 12)
    for leaf in 0..<3 {
      let isThere = unsafe name.withUnsafeMutableBufferPointer { words in
        unsafe words.baseAddress.map { unsafe linux_cpuid_name(0x8000_0002 + UInt32(leaf), $0 + leaf * 4) } ?? 0
      }
      if isThere == 0 { return [] }
    }
    return name
  }
}

extension CPUIDLeaf {
  fileprivate init(_ entry: kvm_cpuid_entry2) {
    self.init(
      function: entry.function, index: entry.index, isIndexed: entry.flags & linux_KVM_CPUID_INDEXED != 0,
      eax: entry.eax, ebx: entry.ebx, ecx: entry.ecx, edx: entry.edx)
  }
}

extension kvm_cpuid_entry2 {
  fileprivate init(_ leaf: CPUIDLeaf) {
    self.init()
    (function, index, flags) = (leaf.function, leaf.index, leaf.isIndexed ? linux_KVM_CPUID_INDEXED : 0)
    (eax, ebx, ecx, edx) = (leaf.eax, leaf.ebx, leaf.ecx, leaf.edx)
  }
}
