internal import CLinux
internal import Host
internal import Processor
internal import Synchronization

/// `struct kvm_cpuid2`, which ends in a flexible array: an 8-byte header with the number of leaves, then those.
@safe private struct LeafTable: ~Copyable {
  private static let headerSize = 8

  let address: UnsafeMutableRawPointer
  private let room: Int

  init(room: Int = 256) {
    self.room = room
    unsafe address = .allocate(byteCount: Self.headerSize + room * MemoryLayout<kvm_cpuid_entry2>.stride, alignment: 8)
    unsafe address.storeBytes(of: UInt32(room), as: UInt32.self)
  }

  init(_ leaves: [CPUIDLeaf]) {
    self.init(room: leaves.count)
    for (index, leaf) in leaves.enumerated() { unsafe (entries + index).initialize(to: kvm_cpuid_entry2(leaf)) }
  }

  deinit { unsafe address.deallocate() }

  private var entries: UnsafeMutablePointer<kvm_cpuid_entry2> {
    unsafe (address + Self.headerSize).bindMemory(to: kvm_cpuid_entry2.self, capacity: room)
  }

  /// Those that KVM has put there.
  var leaves: [CPUIDLeaf] {
    let count = unsafe min(Int(address.load(as: UInt32.self)), room)
    return (0..<count).map { unsafe CPUIDLeaf(entries[$0]) }
  }
}

extension KVM {
  /// What CPUID can tell a guest, as KVM sees it. Where the host is a guest itself, the answer takes it hundreds of microseconds.
  func supportedLeaves() throws(ProcessorError) -> [CPUIDLeaf] {
    try supported.made { () throws(ProcessorError) in
      let table = LeafTable()
      try check("KVM_GET_SUPPORTED_CPUID", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_SUPPORTED_CPUID, table.address))
      return table.leaves
    }
  }

  /// What it can tell besides.
  fileprivate var identificationOffer: IdentificationOffer {
    offer.made {
      IdentificationOffer(
        hasDeadlineTimer: has(KVM_CAP_TSC_DEADLINE_TIMER) > 0, lacksPairExchange: isSoftware,
        hostName: [0x8000_0002, 0x8000_0003, 0x8000_0004].map(CPUIDLeaf.init(ofHost:)))
    }
  }
}

extension KVMProcessor {
  /// Gives KVM the answers of CPUID.
  func setIdentification() throws(ProcessorError) {
    let identification = Identification(processor: UInt32(index), processorCount: UInt32(backend.processorCount))
    // While another thread may still ask KVM for its leaves.
    let offer = backend.kvm.identificationOffer
    let table = LeafTable(try identification.leaves(from: offer.leaves(from: backend.kvm.supportedLeaves())))
    try check("KVM_SET_CPUID2", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_CPUID2, table.address))
  }
}

extension CPUIDLeaf {
  fileprivate init(ofHost function: UInt32) {
    var words: [4 of UInt32] = [0, 0, 0, 0]
    unsafe withUnsafeMutableBytes(of: &words) { unsafe linux_cpuid(function, $0.baseAddress?.assumingMemoryBound(to: UInt32.self)) }
    self.init(function: function, eax: words[0], ebx: words[1], ecx: words[2], edx: words[3])
  }

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
