internal import Primitives

extension Core {
  /// CPUID: what this processor does, and nothing more.
  func cpuid() {
    let r = identification(UInt32(truncatingIfNeeded: self[.rax]), UInt32(truncatingIfNeeded: self[.rcx]))
    (self[.rax], self[.rbx], self[.rcx], self[.rdx]) = (UInt64(r.0), UInt64(r.1), UInt64(r.2), UInt64(r.3))
  }

  private func identification(_ leaf: UInt32, _ subleaf: UInt32) -> (UInt32, UInt32, UInt32, UInt32) {
    let index = UInt32(truncatingIfNeeded: context.environment.index)
    let count = UInt32(truncatingIfNeeded: context.environment.processorCount)
    let hertz = UInt32(truncatingIfNeeded: CoreContext.frequency)
    switch leaf {
    // AuthenticAMD, whose processors need no page-table isolation; Sources/README.md says where that makes a difference.
    case 0: return (0x15, 0x6874_7541, 0x444D_4163, 0x6974_6E65)
    case 1:
      let vectors = Feature.vectors & VectorStubs.shared.features | (hasAVX2 ? Feature.advanced : 0)
      let isEnabled: UInt32 = hasAVX2 && self[.cr4] & CR4.xsave != 0 ? 1 << 27 : 0
      return (
        Self.signature, index << 24 | count << 16 | 8 << 8, Feature.leaf1C | vectors | isEnabled,
        Feature.leaf1D | (context.environment.interrupts.isOn ? 1 << 9 : 0) | (count > 1 ? 1 << 28 : 0)
      )
    case 7 where subleaf == 0:
      let keys: UInt32 = !hasAVX2 ? 0 : Feature.pageKeys | (self[.cr4] & CR4.pageKeys != 0 ? Feature.pageKeysInUse : 0)
      return (0, Feature.leaf7B | (hasAVX2 ? 1 << 5 : 0), Feature.leaf7C | keys, Feature.leaf7D)
    case 0xB:
      switch subleaf {
      case 0: return (0, 1, 1 << 8, index)
      case 1: return (UInt32(32 - max(count - 1, 0).leadingZeroBitCount), count, 1 | 2 << 8, index)
      default: return (0, 0, subleaf & 0xFF, index)
      }
    case 0xD where hasAVX2: return extendedArea(subleaf)
    case 0x15: return (1, hertz / 1_000_000, 1_000_000, 0)
    // KVMKVMKVM: its clock is all that Linux needs to know the time.
    case 0x4000_0000: return (0x4000_0010, 0x4B4D_564B, 0x564B_4D56, 0x4D)
    case 0x4000_0001: return (1 << 1 | 1 << 3 | 1 << 24, 0, 0, 0)
    case 0x4000_0010: return (hertz / 1000, 1_000_000, 0, 0)
    case 0x8000_0000: return (0x8000_0021, 0x6874_7541, 0x444D_4163, 0x6974_6E65)
    case 0x8000_0001: return (0, 0, Feature.extendedC, Feature.extendedD)
    case 0x8000_0002: return (0x6F62_7773, 0x7320_746F, 0x7774_666F, 0x2065_7261)
    case 0x8000_0003: return (0x636F_7270, 0x6F73_7365, 0x72, 0)
    // The time-stamp counter never stops.
    case 0x8000_0007: return (0, 0, 0, 1 << 8)
    // Bits of linear and physical addresses; FXSAVE and XSAVE always save the pointers of x87.
    case 0x8000_0008: return (48 << 8 | UInt32(Self.physicalBits), 1 << 2, count - 1, 0)
    // LFENCE waits, and null selectors clear the base. Automatic IBRS: nothing speculates here, so that kernels need no slow branches.
    case 0x8000_0021: return (1 << 2 | 1 << 6 | 1 << 8, 0, 0, 0)
    default: return (0, 0, 0, 0)
    }
  }

  /// Family 12h: kernels find no errors to work around in it, speculation that needs a guard, or states of power.
  private static let signature: UInt32 = 0x0030_0F10

  private var hasAVX2: Bool { VectorStubs.shared.hasAVX2 }

  /// The area of XSAVE: its sizes for the enabled components and for all, and where those of AVX and PKRU are.
  private func extendedArea(_ subleaf: UInt32) -> (UInt32, UInt32, UInt32, UInt32) {
    let enabled = self[.xcr0]
    switch subleaf {
    case 0:
      let all = ExtendedArea.components
      return (UInt32(all), UInt32(ExtendedArea.standard.size(for: enabled)), UInt32(ExtendedArea.standard.size(for: all)), 0)
    // XSAVEOPT, XSAVEC, XGETBV of what is in use.
    case 1: return (7, UInt32(ExtendedArea(compactedFor: enabled).size(for: enabled)), 0, 0)
    case 2: return (UInt32(ExtendedArea.upperSize), UInt32(ExtendedArea.upperOffset), 0, 0)
    case 9: return (UInt32(ExtendedArea.keysSize), UInt32(ExtendedArea.standard.keysOffset), 0, 0)
    default: return (0, 0, 0, 0)
    }
  }

  private enum Feature {
    /// CMPXCHG16B, PCID, x2APIC, MOVBE, POPCNT, TSC deadline, RDRAND, hypervisor.
    static let leaf1C: UInt32 = 1 << 13 | 1 << 17 | 1 << 21 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 30 | 1 << 31
    /// SSE3, PCLMULQDQ, SSSE3, SSE4.1, SSE4.2 and AES, where the host has them.
    static let vectors: UInt32 = 1 | 1 << 1 | 1 << 9 | 1 << 19 | 1 << 20 | 1 << 25
    /// FMA, XSAVE, AVX and F16C, with AVX2.
    static let advanced: UInt32 = 1 << 12 | 1 << 26 | 1 << 28 | 1 << 29
    /// FPU DE PSE TSC MSR PAE MCE CX8 MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2; APIC comes while it is on.
    static let leaf1D: UInt32 = 0x078B_F1FD
    /// FSGSBASE, BMI1, SMEP, BMI2, ERMS, INVPCID, RDSEED, ADX, SMAP.
    static let leaf7B: UInt32 = 1 | 1 << 3 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 18 | 1 << 19 | 1 << 20
    /// UMIP.
    static let leaf7C: UInt32 = 1 << 2
    /// SERIALIZE, which no processor of AMD has. Without it Linux returns to itself by IRET after each of a hundred thousand
    /// places where it changes its own code, when it starts.
    static let leaf7D: UInt32 = 1 << 14
    /// PKU and OSPKE: keys of user pages, whose PKRU XSAVE saves.
    static let pageKeys: UInt32 = 1 << 3
    static let pageKeysInUse: UInt32 = 1 << 4
    /// LAHF in 64-bit code, LZCNT, PREFETCHW.
    static let extendedC: UInt32 = 1 | 1 << 5 | 1 << 8
    /// SYSCALL, NX, 1 GiB pages, RDTSCP, long mode.
    static let extendedD: UInt32 = 1 << 11 | 1 << 20 | 1 << 26 | 1 << 27 | 1 << 29
  }
}
