/// One answer of CPUID.
struct CPUIDLeaf: Equatable {
  var function: UInt32
  var index: UInt32 = 0
  /// The answer depends on ECX.
  var isIndexed = false
  var eax: UInt32 = 0
  var ebx: UInt32 = 0
  var ecx: UInt32 = 0
  var edx: UInt32 = 0
}

/// What CPUID can tell any of the guest's processors: what KVM supports on this host, and what it does not tell of that.
struct IdentificationOffer: Sendable {
  /// KVM has a timer that waits for a value of the time-stamp counter; it does not say so in the supported leaves.
  var hasDeadlineTimer: Bool
  /// A software KVM offers cmpxchg16b but cannot emulate it.
  var lacksPairExchange: Bool
  /// Leaves 80000002 to 80000004, the name of the host's processor, which KVM leaves empty.
  var hostName: [3 of CPUIDLeaf]

  func leaf(from supported: CPUIDLeaf) -> CPUIDLeaf {
    var leaf = supported
    switch leaf.function {
    case 1:
      // "Runs under a hypervisor".
      leaf.ecx |= 1 << 31
      if hasDeadlineTimer { leaf.ecx |= 1 << 24 }
      if lacksPairExchange { leaf.ecx &= ~(1 << 13) }
    default:
      guard leaf == CPUIDLeaf(function: leaf.function) else { break }
      for index in hostName.indices where hostName[index].function == leaf.function { leaf = hostName[index] }
    }
    return leaf
  }
}

/// What CPUID tells one of the guest's processors: what can be told on this host, with our topology, which is one package with a core
/// for each processor.
struct Identification {
  /// The number of the processor, which is its APIC id.
  var processor: UInt32
  var processorCount: UInt32

  /// How many low bits of an APIC id number the cores.
  private var coreBits: UInt32 { processorCount > 1 ? UInt32(32 - (processorCount - 1).leadingZeroBitCount) : 0 }

  /// What is told for a leaf of the offer: mostly one.
  func tell(_ offered: CPUIDLeaf, to hear: (CPUIDLeaf) -> Void) {
    switch offered.function {
    // KVM gives the first of these only.
    case 0xB, 0x1F: if offered.index == 0 { tellLevels(offered.function, to: hear) }
    default: hear(adjusted(offered))
    }
  }

  /// How many more leaves are told than are offered, at most.
  static let mostAdded = 4

  private func adjusted(_ offered: CPUIDLeaf) -> CPUIDLeaf {
    var leaf = offered
    switch leaf.function {
    case 1:
      // Initial APIC id, and logical processors in this package.
      leaf.ebx = leaf.ebx & 0x0000_FFFF | processor << 24 | min(processorCount, 255) << 16
      leaf.edx = processorCount > 1 ? leaf.edx | 1 << 28 : leaf.edx & ~(1 << 28)
    case 4:
      // Every cache is private to one core, and the package has `processorCount` cores.
      leaf.eax = leaf.eax & 0x3FFF | (min(processorCount, 64) - 1) << 26
    case 0x8000_0008:
      // AMD: the cores of the package, and the bits of an APIC id that number them.
      leaf.ecx = leaf.ecx & ~0xF0FF | coreBits << 12 | min(processorCount, 256) - 1
    case 0x8000_001E:
      // AMD: the extended APIC id, and a core of one thread.
      (leaf.eax, leaf.ebx, leaf.ecx) = (processor, processor & 0xFF, 0)
    default: break
    }
    return leaf
  }

  /// The levels of topology: one thread a core, all cores in one package.
  private func tellLevels(_ function: UInt32, to hear: (CPUIDLeaf) -> Void) {
    func level(_ index: UInt32, bits: UInt32, count: UInt32, type: UInt32) {
      hear(CPUIDLeaf(function: function, index: index, isIndexed: true, eax: bits, ebx: count, ecx: type << 8 | index, edx: processor))
    }
    level(0, bits: 0, count: 1, type: 1)
    level(1, bits: coreBits, count: processorCount, type: 2)
    level(2, bits: 0, count: 0, type: 0)
  }
}
