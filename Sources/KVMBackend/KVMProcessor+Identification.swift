internal import CLinux
internal import Host
internal import Processor
internal import Synchronization

/// `struct kvm_cpuid2`, which ends in a flexible array: an 8-byte header with the number of leaves, then those.
///
/// Safe because it is not changed any more once several threads have it.
@safe final class LeafTable: @unchecked Sendable {
  private static let headerSize = 8

  let address: UnsafeMutableRawPointer
  private let room: Int

  /// - Parameter count: of leaves that there are, or for which KVM has room.
  init(room: Int, count: Int = 0) {
    self.room = room
    unsafe address = .allocate(byteCount: Self.headerSize + room * MemoryLayout<kvm_cpuid_entry2>.stride, alignment: 8)
    unsafe address.storeBytes(of: UInt64(count), as: UInt64.self)
  }

  deinit { unsafe address.deallocate() }

  private var entries: UnsafeMutablePointer<kvm_cpuid_entry2> {
    unsafe (address + Self.headerSize).bindMemory(to: kvm_cpuid_entry2.self, capacity: room)
  }

  var count: Int { unsafe min(Int(address.load(as: UInt32.self)), room) }

  subscript(_ index: Int) -> CPUIDLeaf { unsafe CPUIDLeaf(entries[index]) }

  /// What there is no room for is left out.
  func append(_ leaf: CPUIDLeaf) {
    let count = count
    guard count < room else { return }
    unsafe (entries + count).initialize(to: kvm_cpuid_entry2(leaf))
    unsafe address.storeBytes(of: UInt32(count + 1), as: UInt32.self)
  }
}

extension KVM {
  /// As many as KVM knows.
  private static let mostLeaves = 256

  /// What CPUID can tell a guest, as KVM sees it. Where the host is a guest itself, the answer takes it hundreds of microseconds.
  func supportedLeaves() throws(ProcessorError) -> LeafTable {
    try supported.made { () throws(ProcessorError) in
      let table = LeafTable(room: Self.mostLeaves, count: Self.mostLeaves)
      try check("KVM_GET_SUPPORTED_CPUID", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_SUPPORTED_CPUID, table.address))
      return table
    }
  }

  /// What it can tell besides.
  fileprivate var identificationOffer: IdentificationOffer {
    offer.made {
      IdentificationOffer(
        hasDeadlineTimer: has(KVM_CAP_TSC_DEADLINE_TIMER) > 0, lacksPairExchange: isSoftware,
        hostName: [CPUIDLeaf(ofHost: 0x8000_0002), CPUIDLeaf(ofHost: 0x8000_0003), CPUIDLeaf(ofHost: 0x8000_0004)])
    }
  }
}

extension KVMProcessor {
  /// Gives KVM the answers of CPUID.
  func setIdentification() throws(ProcessorError) {
    let identification = Identification(processor: UInt32(index), processorCount: UInt32(backend.processorCount))
    // While another thread may still ask KVM for its leaves.
    let offer = backend.kvm.identificationOffer
    let supported = try backend.kvm.supportedLeaves()
    let table = LeafTable(room: supported.count + Identification.mostAdded)
    for index in 0..<supported.count { identification.tell(offer.leaf(from: supported[index]), to: table.append) }
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
